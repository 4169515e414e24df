"""The work of a training step, on any device."""
import copy
from typing import Any

import torch
from mmengine.config import Config
from mmengine.model import BaseDataPreprocessor
from mmengine.optim import build_optim_wrapper

from ..engine.hooks.ema_teacher_hook import pair_parameters
from ..functional import ema_update_
from .phases import PhaseTimer
from .sizes import StepSizes, build_model
from .synthetic import force_segments, make_batch


class TrainingStep:
    """The work of one training step, as the runner and the EMA hook do it.

    Args:
        config (Config): With ``model`` and ``optim_wrapper``.
        sizes (StepSizes): Sizes of the step.
        device (str): Where it is done. Defaults to 'cpu'.
        bf16 (bool): Whether in bfloat16, as with ``--amp``.
        checkpointing (bool): See :func:`build_model`.

    Attributes:
        timer (PhaseTimer): Where the phases are timed, after
            :meth:`time_phases`.
    """

    def __init__(self, config: Config, sizes: StepSizes, device: str = 'cpu',
                 bf16: bool = False, checkpointing: bool = False) -> None:
        self.timer = PhaseTimer(device)
        self.model = build_model(config, sizes, checkpointing).to(device)
        optim_wrapper = copy.deepcopy(config.optim_wrapper)
        if bf16:
            optim_wrapper.update(type='AmpOptimWrapper', dtype='bfloat16')
        self.optim_wrapper = build_optim_wrapper(self.model, optim_wrapper)
        self.student, self.teacher = pair_parameters(self.model.student,
                                                     self.model.teacher)
        self.batch = to_device(make_batch(sizes), device)
        force_segments(self.model.teacher, sizes, device)

    def time_phases(self) -> None:
        """Let the timer see the phases, by the public methods there are."""
        model, watch = self.model, self.timer.watch
        watch(model.teacher, 'predict_queries', 'teacher forward')
        watch(model, 'pseudo_label', 'pseudo-labels and CutMix')
        watch(model, 'cutmix', 'pseudo-labels and CutMix')
        watch(model, 'student_forward', 'student forward')
        watch(model, 'set_losses', 'set losses')
        watch(model.student.panoptic_head.criterion, 'match', 'matching')
        watch(self.optim_wrapper, 'backward', 'backward')
        watch(self.optim_wrapper, 'step', 'optimiser and clip')

    def loss(self) -> torch.Tensor:
        """Forward pass of the step, from images to the loss."""
        with self.optim_wrapper.optim_context(self.model):
            losses = self.model.loss(*self.batch)
        return self.model.parse_losses(losses)[0]

    def __call__(self) -> None:
        """Take the step; what is in no phase of its own is the rest."""
        with self.timer.phase('rest'):
            self.optim_wrapper.update_params(self.loss())
            with self.timer.phase('EMA'):
                ema_update_(self.teacher, self.student, 0.999)

    @torch.no_grad()
    def evaluate(self) -> None:
        """Test one of the labelled images with the student."""
        inputs, samples = self.batch
        self.model.student.eval().predict(inputs['labeled'][:1],
                                          samples['labeled'][:1])
        self.model.train()


def to_device(value: Any, device: str) -> Any:
    """Whatever a batch holds, on a device."""
    return BaseDataPreprocessor().to(device).cast_data(value)
