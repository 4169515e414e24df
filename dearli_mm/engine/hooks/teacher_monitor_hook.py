"""Says so when the teacher has nothing to teach."""
from typing import Optional

from mmdet.registry import HOOKS
from mmengine.hooks import Hook


@HOOKS.register_module()
class TeacherMonitorHook(Hook):
    """Warns when pseudo-labels have been empty for many steps on end.

    Args:
        patience (int): Steps without a single pseudo-segment before each
            warning. Defaults to 100.
    """

    def __init__(self, patience: int = 100) -> None:
        if patience < 1:
            raise ValueError(
                f'TeacherMonitorHook: patience={patience} must be at least 1')
        self.patience = patience
        self._empty_steps = 0

    def after_train_iter(self,
                         runner,
                         batch_idx: int,
                         data_batch: Optional[dict] = None,
                         outputs: Optional[dict] = None) -> None:
        """Count steps without pseudo-segments."""
        segments = (outputs or {}).get('pseudo_segments')
        if segments is None:
            return
        self._empty_steps = 0 if float(segments) > 0 else self._empty_steps + 1
        if self._empty_steps and self._empty_steps % self.patience == 0:
            runner.logger.warning(
                f'The teacher has not found a single segment for '
                f'{self._empty_steps} steps: the student learns from '
                'unlabelled images that they are empty. Likely causes: the '
                'class prompts do not fit the CLIP, test_cfg.score_thr is '
                'too high, labelled images without annotation, or a learning '
                'rate at which training diverged.')
