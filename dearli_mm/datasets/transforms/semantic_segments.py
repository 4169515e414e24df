"""Semantic labels as panoptic annotation."""
from typing import Optional, Sequence

import numpy as np
from mmdet.datasets.transforms import LoadAnnotations
from mmdet.registry import TRANSFORMS
from mmdet.structures.bbox import HorizontalBoxes

from ..masks import SegmentIdMasks
from .loading import IGNORE_INDEX


@TRANSFORMS.register_module()
class LoadSemanticSegments(LoadAnnotations):
    """Load a label PNG; each class in it is one segment of stuff.

    Feeds datasets of mmseg to training: ``label_map`` and
    ``reduce_zero_label`` are those that the dataset tells. There are no
    things. At test place it behind the resizing, so that results are
    compared with the labels as they are.

    Args:
        num_classes (int): Number of classes, at most 255.
        void_labels (Sequence[int]): Labels that are no class, beside 255
            (after ``reduce_zero_label`` and ``label_map``). Defaults to ().
        imdecode_backend (str): mmcv's image decoder. Defaults to 'pillow',
            which keeps the indices of palette files.
        backend_args (dict, optional): mmengine file backend.

    Required Keys: seg_map_path; label_map, reduce_zero_label, ori_shape
    (optional).

    Added Keys: gt_seg_map (uint8 ``[H, W]``, classes, 255 is void); gt_masks,
    gt_bboxes, gt_bboxes_labels and gt_ignore_flags of no thing.

    Raises:
        ValueError: If a file has other labels, channels or size than it
            should.
    """

    def __init__(self,
                 num_classes: int,
                 void_labels: Sequence[int] = (),
                 imdecode_backend: str = 'pillow',
                 backend_args: Optional[dict] = None) -> None:
        if not 0 < num_classes <= IGNORE_INDEX:
            raise ValueError(f'LoadSemanticSegments: num_classes={num_classes}'
                             f' is not in 1..{IGNORE_INDEX}')
        super().__init__(
            with_bbox=False,
            with_label=False,
            with_seg=True,
            imdecode_backend=imdecode_backend,
            backend_args=backend_args)
        self.num_classes = num_classes
        self.void_labels = (*void_labels, IGNORE_INDEX)

    def transform(self, results: dict) -> dict:
        """Load the file of ``results['seg_map_path']``."""
        self.reduce_zero_label = results.get('reduce_zero_label', False)
        self._load_seg_map(results)
        seg_map = results['gt_seg_map']
        self._check(results, seg_map)
        results['gt_seg_map'] = np.where(seg_map < self.num_classes, seg_map,
                                         IGNORE_INDEX).astype(np.uint8)
        results['gt_masks'] = SegmentIdMasks.from_array(
            np.zeros(seg_map.shape, np.uint8), [])
        results['gt_bboxes'] = HorizontalBoxes(np.zeros((0, 4), np.float32))
        results['gt_bboxes_labels'] = np.zeros(0, np.int64)
        results['gt_ignore_flags'] = np.zeros(0, bool)
        return results

    def _check(self, results: dict, seg_map: np.ndarray) -> None:
        path = results['seg_map_path']
        size = tuple(results.get('ori_shape', seg_map.shape)[:2])
        if seg_map.shape != size:
            raise ValueError(
                f'Label PNG {path} has the shape {list(seg_map.shape)}, its '
                f'image {results.get("img_path")} {list(size)}; labels must '
                'be one channel of class indices, of the size of the image')
        labels = np.unique(seg_map)
        unknown = np.setdiff1d(labels[labels >= self.num_classes],
                               self.void_labels)
        if unknown.size:
            raise ValueError(
                f'Label PNG {path} has the labels {unknown.tolist()}, but '
                f'num_classes={self.num_classes} of LoadSemanticSegments '
                'allows none from there on. If they are void, name them in '
                'void_labels; if 0 is void, set reduce_zero_label=True in the '
                'dataset')

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(num_classes={self.num_classes}, '
                f'void_labels={self.void_labels})')
