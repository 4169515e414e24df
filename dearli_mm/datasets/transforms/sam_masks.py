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

    Args:
        min_area (int): Smaller masks are not loaded, in pixels of the
            image. Defaults to 1.
        skip_empty (bool): Whether images without masks are left out.
            Defaults to True.

    Required Keys: mask_path, img (uint8 [H, W, 3])

    Added Keys: gt_masks (PackedMasks), gt_bboxes, gt_bboxes_labels (0),
    gt_ignore_flags (False)

    Raises:
        ValueError: If the masks are not those of this image.
    """

    def __init__(self, min_area: int = 1, skip_empty: bool = True) -> None:
        self.min_area = min_area
        self.skip_empty = skip_empty

    def transform(self, results: dict) -> Optional[dict]:
        """Load; ``None`` for an image without masks."""
        path = results['mask_path']
        found = [
            instance for instance in read_mask_file(path)['annotations']
            if instance['area'] >= self.min_area
        ]
        if self.skip_empty and not found:
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
                         dtype=np.float32).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        results['gt_masks'] = masks
        results['gt_bboxes'] = HorizontalBoxes(boxes)
        results['gt_bboxes_labels'] = np.zeros(len(found), dtype=np.int64)
        results['gt_ignore_flags'] = np.zeros(len(found), dtype=bool)
        return results

    def __repr__(self) -> str:
        return (f'{self.__class__.__name__}(min_area={self.min_area}, '
                f'skip_empty={self.skip_empty})')


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
        min_area (int): Masks with fewer visible pixels go. Defaults to 1.

    Modified Keys: gt_masks, gt_bboxes, gt_bboxes_labels, gt_ignore_flags

    Raises:
        ValueError: If an argument is out of range.
    """

    def __init__(self,
                 max_masks: Optional[int] = None,
                 keep: str = 'largest',
                 min_area: int = 1) -> None:
        if keep not in ('largest', 'random'):
            raise ValueError(
                f"LimitMasks: keep={keep!r} is neither 'largest' nor 'random'")
        if max_masks is not None and max_masks < 1:
            raise ValueError(f'LimitMasks: max_masks={max_masks} is below 1')
        self.max_masks = max_masks
        self.keep = keep
        self.min_area = min_area

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
        by_area = self.min_area > 1 or self.keep == 'largest'
        if by_area or not isinstance(masks, PackedMasks):
            areas = np.asarray(masks.areas)
        else:
            areas = 1 - masks.is_empty().astype(np.int64)
        visible = np.flatnonzero(areas >= max(self.min_area, 1))
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
                f'keep={self.keep!r}, min_area={self.min_area})')
