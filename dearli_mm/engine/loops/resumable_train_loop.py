"""The training loop that goes on as if it had never stopped."""
from pathlib import Path
from typing import Dict, List, Optional, Tuple

import torch
from mmdet.registry import LOOPS
from mmengine.dist import get_rank
from mmengine.runner import IterBasedTrainLoop
from mmengine.runner.checkpoint import get_state_dict
from torch.utils.data import DataLoader

from dearli_mm.datasets.samplers import (ResumableInfiniteSampler, mix_seeds,
                                         seed_everything)
from dearli_mm.utils import NonFiniteError, StepGuard, describe_images

from .batch_size import check_accumulation, record_batch_size

ON_NONFINITE = ('stop', 'skip')


@LOOPS.register_module()
class ResumableTrainLoop(IterBasedTrainLoop):
    """mmengine's loop for a :class:`ResumableInfiniteSampler`.

    What is drawn in a step (images, augmentations, CutMix boxes, points) is a
    function of the run's seed, the step and the process. A resumed run
    therefore goes on as if it had never stopped, and does not read all
    earlier batches again, which mmengine's loop does. A loss or gradient that
    is NaN or infinite is noticed before it reaches the weights.

    Args:
        runner (Runner): The runner.
        dataloader (dict): Config of the data loader.
        max_iters (int): Number of steps.
        val_begin (int): First step at which validation may happen.
        val_interval (int): Steps between validations.
        dynamic_intervals (list[tuple[int, int]], optional): See
            :class:`IterBasedTrainLoop`.
        val_before_train (bool): Whether a new run begins with a validation.
            Defaults to False.
        on_nonfinite (str): What to do when a loss or gradient is NaN or
            infinite: ``'stop'`` the run after saving what is needed to look
            into it (default), or ``'skip'`` the step, with the gradients
            accumulated before it, and count it.

    Attributes:
        skipped_steps (int): Number of steps skipped for that reason.

    Raises:
        ValueError: If the loader has another sampler.

    See Also:
        :mod:`.batch_size` for what is recorded of the batch, and which
        settings do not go with gradient accumulation.
    """

    def __init__(self,
                 runner,
                 dataloader: dict,
                 max_iters: int,
                 val_begin: int = 1,
                 val_interval: int = 1000,
                 dynamic_intervals: Optional[List[Tuple[int, int]]] = None,
                 val_before_train: bool = False,
                 on_nonfinite: str = 'stop') -> None:
        if on_nonfinite not in ON_NONFINITE:
            raise ValueError(f'train_cfg.on_nonfinite={on_nonfinite!r} is '
                             f'none of {ON_NONFINITE}')
        super().__init__(runner, dataloader, max_iters, val_begin,
                         val_interval, dynamic_intervals)
        # auto_scale_lr reads the batch size there, also if the config has
        # several loaders.
        runner._train_dataloader = self.dataloader
        self.val_before_train = val_before_train
        self.on_nonfinite = on_nonfinite
        self.skipped_steps = 0
        for key, loader in self.dataloaders.items():
            if not isinstance(loader.sampler, ResumableInfiniteSampler):
                raise ValueError(
                    f'{key}.sampler is a {type(loader.sampler).__name__}; '
                    f'{type(self).__name__} needs '
                    "dict(type='ResumableInfiniteSampler')")

    @property
    def dataloaders(self) -> Dict[str, DataLoader]:
        """dict[str, DataLoader]: All loaders, under their config keys."""
        return {'train_dataloader': self.dataloader}

    def merge(self, batches: List[dict]) -> dict:
        """Make the model's batch of one batch of each loader."""
        return batches[0]

    def run(self):
        """Train.

        Returns:
            nn.Module: The trained model.
        """
        check_accumulation(self.runner, self._iter)
        record_batch_size(self.runner, self.dataloaders)
        self.runner.call_hook('before_train')
        self.runner.call_hook('before_train_epoch')
        StepGuard(self.runner.optim_wrapper, self.runner.model)
        if self.val_before_train and self._iter == 0 and self._validates:
            self.runner.val_loop.run()
        for loader in self.dataloaders.values():
            loader.sampler.start = self._iter * loader.batch_size
        streams = [iter(loader) for loader in self.dataloaders.values()]
        while self._iter < self._max_iters and not self.stop_training:
            self.runner.model.train()
            self.run_iter(self.merge([next(stream) for stream in streams]))
            self._decide_current_val_interval()
            if self._validates and self._iter >= self.val_begin and (
                    self._iter % self.val_interval == 0
                    or self._iter == self._max_iters):
                self.runner.val_loop.run()
        self.runner.call_hook('after_train_epoch')
        self.runner.call_hook('after_train')
        return self.runner.model

    def run_iter(self, data_batch: dict) -> None:
        """Take one step, with random numbers of its own.

        Args:
            data_batch (dict): What :meth:`merge` made.
        """
        seed_everything(mix_seeds(self.runner.seed, get_rank(), self._iter))
        try:
            super().run_iter(data_batch)
        except NonFiniteError as error:
            self._handle(error, data_batch)

    def _handle(self, error: NonFiniteError, data_batch: dict) -> None:
        """Stop with a record of the step, or skip the step."""
        images = describe_images(data_batch)
        where = f'step {self._iter + 1}: {error}'
        if self.on_nonfinite == 'skip':
            wrapper = self.runner.optim_wrapper
            wrapper.zero_grad()
            # A loss that was never propagated back was not counted.
            wrapper._inner_count = self._iter + 1
            self.skipped_steps += 1
            self.runner.logger.warning(
                f'{where}; step skipped ({self.skipped_steps} so far); images '
                f'{images}')
            self._iter += 1
            return
        path = Path(self.runner.work_dir) / (
            f'nonfinite_step_{self._iter + 1}_rank_{get_rank()}.pth')
        torch.save(
            dict(
                step=self._iter + 1,
                kind=error.kind,
                terms=error.terms,
                images=images,
                inputs=data_batch['inputs'],
                state_dict=get_state_dict(self.runner.model)), path)
        raise RuntimeError(
            f'{where}. Images: {images}. Weights and inputs of the step are '
            f"in {path}. train_cfg.on_nonfinite='skip' leaves such steps "
            'out; a smaller learning rate or full precision may cure them'
        ) from error

    @property
    def _validates(self) -> bool:
        return self.runner.val_loop is not None
