"""The training loop that draws labelled and unlabelled batches."""
from typing import Dict, List

from mmdet.registry import LOOPS
from mmengine.model import is_model_wrapper

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
        val_interval, val_before_train, on_nonfinite, ...: See
            :class:`ResumableTrainLoop`.

    Raises:
        ValueError: If a loader is missing or has another sampler.
    """

    def _loader_configs(self, dataloader: Dict[str, dict]) -> Dict[str, dict]:
        if not isinstance(dataloader, dict) or set(dataloader) != set(PARTS):
            found = sorted(dataloader) if isinstance(dataloader, dict) \
                else type(dataloader).__name__
            raise ValueError('train_dataloader must be a dict of the two '
                             f'loaders {PARTS}, but is {found}')
        return {
            f'train_dataloader.{part}': dataloader[part] for part in PARTS
        }

    def run(self):
        """Train.

        Returns:
            nn.Module: The trained model.

        Raises:
            ValueError: If CutMix cannot work with the unlabelled batch.
        """
        model = self.runner.model
        model = model.module if is_model_wrapper(model) else model
        if hasattr(model, 'cutmix'):
            loader = self.dataloaders['train_dataloader.unlabeled']
            warning = model.cutmix.check_batch_size(loader.batch_size)
            if warning:
                self.runner.logger.warning(warning)
        return super().run()

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
