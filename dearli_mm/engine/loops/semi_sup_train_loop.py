"""The training loop that draws labelled and unlabelled batches."""
from typing import Dict, List

from mmdet.registry import LOOPS
from torch.utils.data import DataLoader

from .resumable_train_loop import ResumableTrainLoop

PARTS = ('labeled', 'unlabeled')


@LOOPS.register_module()
class SemiSupTrainLoop(ResumableTrainLoop):
    """Iteration-based loop over two data loaders with one iteration count.

    Each step draws a labelled and an unlabelled batch and hands them on as
    the branches ``labeled``, ``weak`` and ``strong``. Resumable like its base
    class.

    Args:
        runner (Runner): The runner.
        dataloader (dict): ``labeled`` and ``unlabeled``: configs of data
            loaders with a :class:`ResumableInfiniteSampler` each.
        max_iters (int): Number of steps.
        **kwargs: Of :class:`ResumableTrainLoop` (``val_interval``,
            ``val_before_train``, ``on_nonfinite``, ...).

    Raises:
        ValueError: If a loader is missing or has another sampler.
    """

    def __init__(self, runner, dataloader: Dict[str, dict], max_iters: int,
                 **kwargs) -> None:
        if not isinstance(dataloader, dict) or set(dataloader) != set(PARTS):
            found = sorted(dataloader) if isinstance(dataloader, dict) \
                else type(dataloader).__name__
            raise ValueError('train_dataloader must be a dict of the two '
                             f'loaders {PARTS}, but is {found}')
        self.unlabeled_dataloader = runner.build_dataloader(
            dataloader['unlabeled'],
            seed=runner.seed,
            diff_rank_seed=runner._randomness_cfg.get('diff_rank_seed', False))
        # The base class looks after the labelled one (its dataset's
        # metainfo, its batch size for auto_scale_lr).
        super().__init__(runner, dataloader['labeled'], max_iters, **kwargs)

    @property
    def dataloaders(self) -> Dict[str, DataLoader]:
        """dict[str, DataLoader]: Labelled and unlabelled one."""
        return {
            'train_dataloader.labeled': self.dataloader,
            'train_dataloader.unlabeled': self.unlabeled_dataloader
        }

    def merge(self, batches: List[dict]) -> dict:
        """One multi-branch batch of a labelled and an unlabelled one.

        Args:
            batches (list[dict]): The labelled batch (``inputs`` and
                ``data_samples``, lists) and the unlabelled one (the same,
                each a dict of ``weak`` and ``strong``).

        Returns:
            dict: ``inputs`` and ``data_samples``, each a dict of ``labeled``,
            ``weak`` and ``strong``.
        """
        labeled, unlabeled = batches
        return {
            key: dict(labeled=labeled[key], **unlabeled[key])
            for key in ('inputs', 'data_samples')
        }
