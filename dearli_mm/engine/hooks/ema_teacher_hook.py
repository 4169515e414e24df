"""The teacher follows the student."""
from typing import List, Optional, Tuple, Union

import torch
from mmdet.registry import HOOKS
from mmengine.hooks import Hook
from torch import Tensor, nn

from dearli_mm.functional import ema_decay, ema_update_
from dearli_mm.utils.model_wrappers import unwrapped

# Key of the message hub (so of checkpoints): the teacher has weights of its
# own to start from, a warm-up's or a checkpoint's.
TEACHER_IS_INITIALIZED = 'teacher_is_initialized'


@HOOKS.register_module()
class EMATeacherHook(Hook):
    """Moves the teacher towards the student after every optimiser step.

    ``teacher = d * teacher + (1 - d) * student`` for the student's trainable
    parameters, paired by name; frozen ones are skipped, buffers are copied.
    Source: DEARLi section 3.2.

    Args:
        decay (float): Final decay d. Defaults to 0.999.
        ramp (str | bool): Whether d begins with ``1 - 1 / (i + 1)`` at step
            i, which copies the student at first. ``'auto'``: unless the
            teacher starts from given weights, those of a warm-up or of a
            checkpoint (``load_from``) that has all of what is trained, the
            classifier apart. Defaults to ``'auto'``.
        burn_in (int): Optimiser steps on labelled images alone, while the
            teacher waits; then it becomes a copy of the student, and the
            decay is the final one. The paper has none. Defaults to 0.

    Raises:
        ValueError: If an argument is out of range.
    """

    def __init__(self,
                 decay: float = 0.999,
                 ramp: Union[str, bool] = 'auto',
                 burn_in: int = 0) -> None:
        if not 0 <= decay <= 1:
            raise ValueError(f'EMATeacherHook: decay={decay} is not in [0, 1]')
        if ramp not in ('auto', True, False):
            raise ValueError(
                f"EMATeacherHook: ramp={ramp!r} is none of 'auto', True, "
                'False')
        if burn_in < 0:
            raise ValueError(f'EMATeacherHook: burn_in={burn_in} is negative')
        self.burn_in = burn_in
        self.decay = decay
        self.ramp = ramp

    def before_train(self, runner) -> None:
        """Pair the parameters; find out whether the decay ramps up."""
        model = unwrapped(runner.model)
        if not (hasattr(model, 'student') and hasattr(model, 'teacher')):
            raise ValueError(
                f'EMATeacherHook needs a model with student and teacher, not '
                f'a {type(model).__name__}; take the hook out of '
                'custom_hooks')
        self._student, self._teacher = pair_parameters(model.student,
                                                       model.teacher)
        self._buffers = pair_buffers(model.student, model.teacher)
        hub = runner.message_hub
        # The weights of a resumed run are given, but not from outside. A model
        # that cannot tell what a checkpoint gave is taken to have got all.
        loaded = runner._load_from is not None
        if not runner._resume and getattr(model, 'teacher_is_given', loaded):
            hub.update_info(TEACHER_IS_INITIALIZED, True)
        is_given = bool(hub.runtime_info.get(TEACHER_IS_INITIALIZED, False))
        self._ramps = self.ramp is True or (self.ramp == 'auto'
                                            and not is_given)
        self.summary = 'teacher', (
            f'starts from {"given weights" if is_given else "the student"}; '
            f'decay {"ramps up to " if self._ramps else ""}{self.decay}')

    def before_train_iter(self,
                          runner,
                          batch_idx: int,
                          data_batch: Optional[dict] = None) -> None:
        """Tell the model whether the teacher teaches yet."""
        if self.burn_in:
            unwrapped(runner.model).burning_in = \
                self._step(runner) < self.burn_in

    @staticmethod
    def _step(runner) -> int:
        """Optimiser steps taken so far."""
        return runner.iter // runner.optim_wrapper._accumulative_counts

    def after_train_iter(self,
                         runner,
                         batch_idx: int,
                         data_batch: Optional[dict] = None,
                         outputs: Optional[dict] = None) -> None:
        """Update the teacher if the optimiser took a step."""
        accumulative_counts = runner.optim_wrapper._accumulative_counts
        is_last = runner.iter + 1 == runner.max_iters
        if (runner.iter + 1) % accumulative_counts and not is_last:
            return
        decay = ema_decay(
            self._step(runner), self.decay, self._ramps, self.burn_in)
        if decay is None:
            return
        ema_update_(self._teacher, self._student, decay)
        with torch.no_grad():
            for teacher, student in self._buffers:
                teacher.copy_(student)
        runner.message_hub.update_scalar('train/ema_decay', decay)


def pair_parameters(student: nn.Module,
                    teacher: nn.Module) -> Tuple[List[Tensor], List[Tensor]]:
    """The student's trainable parameters and the teacher's of the same names.

    Raises:
        ValueError: If the teacher lacks one, or has it in another shape.
    """
    counterparts = dict(teacher.named_parameters())
    ours, theirs = [], []
    for name, parameter in student.named_parameters():
        if not parameter.requires_grad:
            continue
        other = counterparts.get(name)
        if other is None or other.shape != parameter.shape:
            found = 'none' if other is None else tuple(other.shape)
            raise ValueError(
                f'the student trains {name!r} {tuple(parameter.shape)}, but '
                f"the teacher's is {found}; both must be built of one config")
        ours.append(parameter)
        theirs.append(other)
    return ours, theirs


def pair_buffers(student: nn.Module,
                 teacher: nn.Module) -> List[Tuple[Tensor, Tensor]]:
    """(teacher's, student's) buffers of the same names, unless shared."""
    buffers = dict(student.named_buffers())
    return [(buffer, buffers[name])
            for name, buffer in teacher.named_buffers()
            if buffer is not buffers[name]]
