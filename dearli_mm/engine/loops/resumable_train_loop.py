"""The training loop that goes on as if it had never stopped."""
from pathlib import Path
from typing import Dict, Iterator, List, NoReturn, Optional, Tuple, Union

import torch
from mmdet.registry import LOOPS
from mmengine.dist import broadcast_object_list, get_rank
from mmengine.runner import IterBasedTrainLoop, Runner
from mmengine.runner.checkpoint import get_state_dict
from torch.utils.data import DataLoader, Dataset

from dearli_mm.datasets.panoptic_json import annotation_files_read_once
from dearli_mm.datasets.samplers import (ResumableInfiniteSampler, mix_seeds,
                                         seed_everything)
from dearli_mm.utils import (NonFiniteError, arguments_of, atomic_path,
                             describe_images, near_misses,
                             refuse_nonfinite_gradients)

from ..summary import run_summary
from .batch_size import check_accumulation, record_batch_size
from .interruption import stopping_between_steps

ON_NONFINITE = ('stop', 'skip')


class _Unopened:
    """A loader that starts no workers.

    mmengine's constructor opens the loader, before it is known where a
    resumed run goes on.
    """

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset

    def __iter__(self):
        return iter(())


@LOOPS.register_module()
class ResumableTrainLoop(IterBasedTrainLoop):
    """mmengine's loop for a :class:`ResumableInfiniteSampler`.

    What is drawn in a step (images, augmentations, CutMix boxes, points) is a
    function of the run's seed, the step and the process. A resumed run
    therefore goes on as if it had never stopped, and does not read all
    earlier batches again, which mmengine's loop does. A loss or gradient that
    is NaN or infinite is noticed before it reaches the weights. Ctrl-C ends
    the run after the step, with a checkpoint.

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
        configs = self._loader_configs(dataloader)
        #: dict[str, DataLoader]: All loaders, under their config keys.
        with annotation_files_read_once():
            self.dataloaders = {
                key: runner.build_dataloader(
                    config,
                    seed=runner.seed,
                    diff_rank_seed=runner._randomness_cfg.get(
                        'diff_rank_seed', False))
                for key, config in configs.items()
            }
        self._sampler_seeds = {
            key: _own_seed(config) for key, config in configs.items()
        }
        for key, loader in self.dataloaders.items():
            if not isinstance(loader.sampler, ResumableInfiniteSampler):
                raise ValueError(
                    f'{key}.sampler is a {type(loader.sampler).__name__}; '
                    f'{type(self).__name__} needs '
                    "dict(type='ResumableInfiniteSampler')")
        # mmengine looks after one loader only: its dataset's metainfo, its
        # batch size for auto_scale_lr.
        first = next(iter(self.dataloaders.values()))
        super().__init__(runner, _Unopened(first.dataset), max_iters,
                         val_begin, val_interval, dynamic_intervals)
        self.dataloader = runner._train_dataloader = first
        self.val_before_train = val_before_train
        self.on_nonfinite = on_nonfinite
        self.skipped_steps = 0

    def _loader_configs(self, dataloader: dict) -> Dict[str, dict]:
        """Configs of the loaders, under their keys; the first leads."""
        return {'train_dataloader': dataloader}

    def merge(self, batches: List[dict]) -> dict:
        """Make the model's batch of one batch of each loader."""
        return batches[0]

    def run(self):
        """Train.

        Returns:
            nn.Module: The trained model.
        """
        check_accumulation(self.runner, self._iter)
        for told in near_misses(self.runner.cfg, arguments_of(Runner)):
            self.runner.logger.warning(f'the config has {told}; nobody reads '
                                       'a key of this name')
        self.runner.call_hook('before_train')
        record_batch_size(self.runner, self.dataloaders)
        self.runner.logger.info(run_summary(self.runner, self.dataloaders))
        self.runner.call_hook('before_train_epoch')
        refuse_nonfinite_gradients(self.runner.optim_wrapper,
                                   self.runner.model)
        if self.val_before_train and self._iter == 0 and self._validates:
            self.runner.val_loop.run()
        with stopping_between_steps(self.runner) as stop_if_asked:
            streams = self._open_streams()
            while self._iter < self._max_iters and not self.stop_training:
                self.runner.model.train()
                self.run_iter(self.merge([next(stream) for stream in streams]))
                stop_if_asked()
                self._decide_current_val_interval()
                if self._validates and self._iter >= self.val_begin and (
                        self._iter % self.val_interval == 0
                        or self._iter == self._max_iters):
                    self.runner.val_loop.run()
                    stop_if_asked()
        self.runner.call_hook('after_train_epoch')
        self.runner.call_hook('after_train')
        streams.clear()
        self._stop_workers()
        return self.runner.model

    def _stop_workers(self) -> None:
        """End the processes of loaders with ``persistent_workers``.

        Garbage collection, which would come across them in a notebook, closes
        their queues first and then waits 5 s for each of them.
        """
        for loader in (*self.dataloaders.values(),
                       getattr(self.runner.val_loop, 'dataloader', None)):
            if loader is not None:
                loader._iterator = None

    def _open_streams(self) -> List[Iterator[dict]]:
        """Iterators over the loaders, from where training goes on.

        The seed is taken only here: that of a resumed run is known late.
        """
        self._seed = _common_seed(self.runner.seed)
        streams = []
        for number, (key, loader) in enumerate(self.dataloaders.items(), 1):
            own_seed = self._sampler_seeds[key]
            loader.sampler.seed = mix_seeds(
                self._seed if own_seed is None else own_seed, number)
            loader.sampler.start = self._iter * loader.batch_size
            streams.append(iter(loader))
        return streams

    def run_iter(self, data_batch: dict) -> None:
        """Take one step, with random numbers of its own.

        Args:
            data_batch (dict): What :meth:`merge` made.
        """
        seed_everything(mix_seeds(self._seed, 0, get_rank(), self._iter))
        try:
            super().run_iter(data_batch)
        except NonFiniteError as error:
            if self.on_nonfinite == 'stop':
                self._stop(error, data_batch)
            self._skip(error, data_batch)

    def _skip(self, error: NonFiniteError, data_batch: dict) -> None:
        """Leave the step out; hooks see it as one that changed nothing."""
        self.skipped_steps += 1
        self.runner.logger.warning(
            f'step {self._iter + 1}: {error}; step skipped '
            f'({self.skipped_steps} so far); images '
            f'{describe_images(data_batch)}')
        wrapper = self.runner.optim_wrapper
        wrapper.zero_grad()
        # A loss that was never propagated back was not counted.
        wrapper._inner_count = self._iter + 1
        self.runner.call_hook(
            'after_train_iter',
            batch_idx=self._iter,
            data_batch=data_batch,
            outputs={})
        self._iter += 1

    def _stop(self, error: NonFiniteError, data_batch: dict) -> NoReturn:
        """End the run with a record of the step."""
        images = describe_images(data_batch)
        path = Path(self.runner.work_dir) / (
            f'nonfinite_step_{self._iter + 1}_rank_{get_rank()}.pth')
        record = dict(
            step=self._iter + 1,
            kind=error.kind,
            terms=error.terms,
            images=images,
            inputs=data_batch['inputs'],
            state_dict=get_state_dict(self.runner.model))
        with atomic_path(path) as part:
            torch.save(record, part)
        raise RuntimeError(
            f'step {self._iter + 1}: {error}. Images: {images}. Weights and '
            f"inputs of the step are in {path}. train_cfg.on_nonfinite='skip' "
            'leaves such steps out; a smaller learning rate or full precision '
            'may cure them') from error

    @property
    def _validates(self) -> bool:
        return self.runner.val_loop is not None


def _own_seed(dataloader: Union[DataLoader, dict]) -> Optional[int]:
    """The seed that the user gave a loader's sampler, if any."""
    if isinstance(dataloader, DataLoader):
        return dataloader.sampler.seed
    return dataloader['sampler'].get('seed')


def _common_seed(seed: int) -> int:
    """The seed of the first process (``diff_rank_seed`` makes others)."""
    seeds = [seed]
    broadcast_object_list(seeds)
    return seeds[0]
