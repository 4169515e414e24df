"""The training loop that draws labelled and unlabelled batches."""
import os
from typing import Dict, List, Set

from mmdet.registry import LOOPS
from torch.utils.data import Dataset

from dearli_mm.utils.model_wrappers import unwrapped

from .resumable_train_loop import ResumableTrainLoop

PARTS = ('labeled', 'unlabeled')


def _paths(dataset: Dataset) -> Set[str]:
    """Absolute paths of a dataset's images, as far as it tells them."""
    infos = getattr(dataset, 'infos', None)
    if infos is None:
        dataset = getattr(dataset, 'dataset', dataset)
        if not hasattr(dataset, 'get_data_info'):
            return set()
        infos = [dataset.get_data_info(k) for k in range(len(dataset))]
    return {os.path.abspath(info['img_path']) for info in infos
            if 'img_path' in info}


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
        model = unwrapped(self.runner.model)
        if hasattr(model, 'cutmix'):
            loader = self.dataloaders['train_dataloader.unlabeled']
            warning = model.cutmix.check_batch_size(loader.batch_size)
            if warning:
                self.runner.logger.warning(warning)
        self._warn_of_validation_images()
        return super().run()

    def _warn_of_validation_images(self) -> None:
        """Say so if images of validation are among those trained on."""
        if not self._validates:
            return
        validation = _paths(self.runner.val_loop.dataloader.dataset)
        for key, loader in self.dataloaders.items():
            common = sorted(validation & _paths(loader.dataset))
            if common:
                self.runner.logger.warning(
                    f'{len(common)} images of validation are in {key}, for '
                    f'instance {common[0]}: results will be too good. Name '
                    'them in exclude of the unlabelled part, or take them out '
                    'of the split')

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
