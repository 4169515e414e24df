"""The work of a training step, and of an evaluation, by phases."""
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from torch import nn

from ..engine.hooks.ema_teacher_hook import pair_parameters
from ..functional import ema_update_
from .phases import PhaseTimer
from .sizes import StepSizes, build_model
from .synthetic import force_segments, make_batch, make_sample


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
        self.timer = PhaseTimer()
        self.model = build_model(config, sizes)
        self.optim_wrapper = build_optim_wrapper(self.model,
                                                 config.optim_wrapper)
        self.student, self.teacher = pair_parameters(self.model.student,
                                                     self.model.teacher)
        self.batch = make_batch(sizes)
        force_segments(self.model.teacher, sizes)

    def time_phases(self) -> None:
        """Let the timer see the phases, by the public methods there are."""
        model, watch = self.model, self.timer.watch
        head = model.student.panoptic_head
        labels = 'pseudo-labels and CutMix'
        watch(model.teacher.panoptic_fusion_head, 'pseudo_label', labels)
        watch(model, 'pseudo_label', labels)
        watch(model.teacher, 'predict_queries', 'teacher forward')
        watch(getattr(model, 'cutmix', None), 'draw mix_images mix_labels',
              labels)
        watch(model, 'cutmix', labels)
        watch(model.student, 'extract_feat panoptic_head', 'student forward')
        watch(getattr(head, 'criterion', None), 'costs solve match',
              'matching')
        watch(head, 'loss_by_feat criterion', 'set losses')
        watch(self.optim_wrapper, 'backward', 'backward')
        watch(self.optim_wrapper, 'step', 'optimiser and clip')

    def loss(self) -> torch.Tensor:
        """Forward pass of the step, from images to the loss."""
        losses = self.model.loss(*self.batch)
        return self.model.parse_losses(losses)[0]

    def __call__(self) -> None:
        """Take the step."""
        with self.timer.phase('rest'):
            self.optim_wrapper.update_params(self.loss())
            with self.timer.phase('EMA'):
                ema_update_(self.teacher, self.student, 0.999)


class Evaluation:
    """Test of one image with the student.

    ``evaluation semantic`` has what is neither forward nor panoptic, such as
    the resizing of masks, in it.
    """

    def __init__(self, student: nn.Module, sizes: StepSizes) -> None:
        self.timer = PhaseTimer()
        self.student = student
        self.image = torch.randn(1, 3, sizes.crop, sizes.crop)
        self.sample = make_sample(sizes)
        self.timer.watch(student, 'predict_queries', 'evaluation forward')
        self.timer.watch(student.panoptic_fusion_head, 'segments',
                         'evaluation panoptic')

    @torch.no_grad()
    def __call__(self) -> None:
        """Predict."""
        self.student.eval()
        with self.timer.phase('evaluation semantic'):
            self.student.predict(self.image, [self.sample])
        self.student.train()
