"""The training loop of one data loader, resumable at any step."""
from typing import List, Optional, Tuple

from mmdet.registry import LOOPS
from mmengine.dist import get_rank
from mmengine.runner import IterBasedTrainLoop

from dearli_mm.datasets.samplers import (ResumableInfiniteSampler, mix_seeds,
                                         seed_everything)


@LOOPS.register_module()
class ResumableTrainLoop(IterBasedTrainLoop):
    """mmengine's loop for a :class:`ResumableInfiniteSampler`.

    What is drawn in a step (images, augmentations, points) is a function of
    the run's seed, the step and the process. A resumed run therefore goes on
    as if it had never stopped, and does not read all earlier batches again,
    which mmengine's loop does.

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

    Raises:
        ValueError: If the loader has another sampler.
    """

    def __init__(self,
                 runner,
                 dataloader: dict,
                 max_iters: int,
                 val_begin: int = 1,
                 val_interval: int = 1000,
                 dynamic_intervals: Optional[List[Tuple[int, int]]] = None,
                 val_before_train: bool = False) -> None:
        super().__init__(runner, dataloader, max_iters, val_begin,
                         val_interval, dynamic_intervals)
        self.val_before_train = val_before_train
        sampler = self.dataloader.sampler
        if not isinstance(sampler, ResumableInfiniteSampler):
            raise ValueError(
                f'train_dataloader.sampler is a {type(sampler).__name__}; '
                'ResumableTrainLoop needs '
                "dict(type='ResumableInfiniteSampler')")

    def run(self):
        """Train.

        Returns:
            nn.Module: The trained model.
        """
        self.runner.call_hook('before_train')
        self.runner.call_hook('before_train_epoch')
        if self.val_before_train and self._iter == 0 and self._validates:
            self.runner.val_loop.run()
        loader = self.dataloader
        loader.sampler.start = self._iter * loader.batch_size
        batches = iter(loader)
        while self._iter < self._max_iters and not self.stop_training:
            self.runner.model.train()
            self.run_iter(next(batches))
            self._decide_current_val_interval()
            if self._validates and self._iter >= self.val_begin and (
                    self._iter % self.val_interval == 0
                    or self._iter == self._max_iters):
                self.runner.val_loop.run()
        self.runner.call_hook('after_train_epoch')
        self.runner.call_hook('after_train')
        return self.runner.model

    def run_iter(self, data_batch: dict) -> None:
        """Take one step, with random numbers of its own."""
        seed_everything(mix_seeds(self.runner.seed, get_rank(), self._iter))
        super().run_iter(data_batch)

    @property
    def _validates(self) -> bool:
        return self.runner.val_loop is not None
