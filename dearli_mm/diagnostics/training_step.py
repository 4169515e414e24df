"""The work of a training step, by phases."""
import torch
from mmengine.config import Config, ConfigDict
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope

from dearli_mm.engine.hooks.ema_teacher_hook import pair_parameters
from dearli_mm.functional import ema_update_
from dearli_mm.utils import StepGuard

from .phases import PhaseTimer
from .sizes import StepSizes, build_model
from .synthetic import force_segments, make_batch


class TrainingStep:
    """The work of one training step, as the runner and the EMA hook do it.

    Args:
        config (Config): With ``model`` and ``optim_wrapper``.
        sizes (StepSizes): Sizes of the step.

    Attributes:
        timer (PhaseTimer): Where the phases are timed, after
            :meth:`time_phases`.
    """

    def __init__(self, config: Config, sizes: StepSizes) -> None:
        init_default_scope('mmdet')
        self.timer = PhaseTimer()
        self.config = config
        self.model = build_model(config, sizes)
        self.use(config.optim_wrapper)
        self.pairs = pair_parameters(self.model.student, self.model.teacher)
        self.batch = make_batch(sizes)
        force_segments(self.model.teacher, sizes)

    def use(self, optim_wrapper: ConfigDict) -> None:
        """Build the optimiser, guarded as the training loop does it."""
        self.optim_wrapper = build_optim_wrapper(self.model, optim_wrapper)
        StepGuard(self.optim_wrapper, self.model)

    def time_phases(self) -> None:
        """Let the timer see the phases."""
        head = self.model.student.panoptic_head
        for owner, method, phase in (
            (self.model.teacher, 'predict_queries', 'teacher forward'),
            (self.model, '_pseudo_labels', 'pseudo-labels and CutMix'),
            (self.model.cutmix, 'draw', 'pseudo-labels and CutMix'),
            (self.model.cutmix, 'mix_images', 'pseudo-labels and CutMix'),
            (self.model.cutmix, 'mix_labels', 'pseudo-labels and CutMix'),
            (self.model, '_student_forward', 'student forward'),
            (head, 'loss_by_feat', 'set losses'),
            (head.criterion, 'costs', 'matching'),
            (head.criterion, 'solve', 'matching'),
            (self.optim_wrapper, 'backward', 'backward'),
            (self.optim_wrapper, 'step', 'optimiser and clip'),
        ):
            self.timer.wrap(owner, method, phase)

    def loss(self) -> torch.Tensor:
        """Forward pass of the step, from images to the loss."""
        losses = self.model.loss(*self.batch)
        return self.model.parse_losses(losses)[0]

    def __call__(self) -> None:
        """Take the step."""
        with self.timer.phase('rest'):
            self.optim_wrapper.update_params(self.loss())
            with self.timer.phase('EMA'):
                teacher, student = self.pairs[1], self.pairs[0]
                ema_update_(teacher, student, 0.999)
