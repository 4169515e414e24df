"""Loading of class-agnostic masks, and a limit on their number."""
from typing import Optional

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS
from mmdet.structures.bbox import HorizontalBoxes

from ..masks import PackedMasks, read_mask_file


@TRANSFORMS.register_module()
class LoadSAMMasks(BaseTransform):
    """Load the masks of an image, as instances of one class.

    An image without masks is left out: the dataset gives another one. Source:
    DEARLi section 3.3.

    Required Keys: mask_path, img (uint8 [H, W, 3])

    Added Keys: gt_masks (PackedMasks), gt_bboxes, gt_bboxes_labels (0),
    gt_ignore_flags (False)

    Raises:
        ValueError: If the masks are not those of this image.
    """

    def transform(self, results: dict) -> Optional[dict]:
        """Load; ``None`` for an image without masks."""
        path = results['mask_path']
        found = read_mask_file(path)['annotations']
        if not found:
            return None
        try:
            masks = PackedMasks.from_rle(
                [instance['segmentation'] for instance in found],
                *results['img'].shape[:2])
        except ValueError as error:
            raise ValueError(
                f'{path} does not fit its image {results["img_path"]}: '
                f'{error}. Make the masks of this image anew') from error
        boxes = np.array([instance['bbox'] for instance in found],
                         dtype=np.float32)
        boxes[:, 2:] += boxes[:, :2]
        results['gt_masks'] = masks
        results['gt_bboxes'] = HorizontalBoxes(boxes)
        results['gt_bboxes_labels'] = np.zeros(len(found), dtype=np.int64)
        results['gt_ignore_flags'] = np.zeros(len(found), dtype=bool)
        return results


@TRANSFORMS.register_module()
class LimitMasks(BaseTransform):
    """Drop masks that are empty or too many, after the crop.

    Memory and the time of matching grow with the number of masks. Source:
    none; without a limit (``max_masks=None``) it is DEARLi's.

    Args:
        max_masks (int, optional): Masks per image to keep. Defaults to None,
            which keeps all.
        keep (str): ``'largest'`` or ``'random'``. Defaults to
            ``'largest'``.

    Modified Keys: gt_masks, gt_bboxes, gt_bboxes_labels, gt_ignore_flags

    Raises:
        ValueError: If an argument is out of range.
    """

    def __init__(self,
                 max_masks: Optional[int] = None,
                 keep: str = 'largest') -> None:
        if keep not in ('largest', 'random'):
            raise ValueError(
                f"LimitMasks: keep={keep!r} is neither 'largest' nor 'random'")
        if max_masks is not None and max_masks < 1:
            raise ValueError(f'LimitMasks: max_masks={max_masks} is below 1')
        self.max_masks = max_masks
        self.keep = keep

    def transform(self, results: dict) -> dict:
        """Drop masks; the order of the others stays."""
        kept = self._choose(results['gt_masks'])
        for key in ('gt_masks', 'gt_bboxes', 'gt_bboxes_labels',
                    'gt_ignore_flags'):
            if key in results:
                results[key] = results[key][kept]
        return results

    def _choose(self, masks) -> np.ndarray:
        """Sorted indices of the masks to keep."""
        areas = masks.areas
        visible = np.flatnonzero(areas)
        if self.max_masks is None or len(visible) <= self.max_masks:
            return visible
        if self.keep == 'random':
            chosen = np.random.permutation(visible)[:self.max_masks]
        else:
            order = np.argsort(-areas[visible], kind='stable')
            chosen = visible[order[:self.max_masks]]
        return np.sort(chosen)

    def __repr__(self) -> str:
        return (f'{self.__class__.__name__}(max_masks={self.max_masks}, '
                f'keep={self.keep!r})')
