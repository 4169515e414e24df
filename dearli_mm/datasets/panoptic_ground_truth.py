"""Where panoptic ground truth comes from: annotation file or data sample."""
import os.path as osp
from typing import NamedTuple, Optional, Sequence, Union

import mmcv
import numpy as np
from mmdet.structures import DetDataSample
from mmengine.fileio import get
from torch import Tensor

from .panoptic_json import png_name, read_panoptic_json
from .transforms.loading import IGNORE_INDEX, read_panoptic_png
from ..functional.panoptic_ids import number_segments


class PanopticGroundTruth(NamedTuple):
    """Segments of one image.

    Attributes:
        seg_map (np.ndarray): int32 ``[H, W]``, 0 is void, segments 1..m.
        labels (np.ndarray): int64 ``[m]``, class indices.
        iscrowd (np.ndarray): bool ``[m]``.
    """

    seg_map: np.ndarray
    labels: np.ndarray
    iscrowd: np.ndarray

    def label_map(self, void: int) -> np.ndarray:
        """Class of every pixel, int64 ``[H, W]``; ``void`` where there is
        no segment. Crowds have their class."""
        return np.concatenate(([void], self.labels))[self.seg_map]


def read_ground_truth(path: str,
                      ids: Sequence[int],
                      labels: Sequence[int],
                      iscrowd: Sequence[bool],
                      backend_args: Optional[dict] = None
                      ) -> PanopticGroundTruth:
    """Read one panoptic PNG; ids that are not listed are void.

    Args:
        path (str): Panoptic PNG.
        ids (Sequence[int]): Ids of the m segments in the PNG.
        labels (Sequence[int]): Their class indices.
        iscrowd (Sequence[bool]): Their crowd flags.
        backend_args (dict, optional): mmengine file backend.

    Returns:
        PanopticGroundTruth: Segments in the order of ``ids``.
    """
    seg_map, _ = number_segments(read_panoptic_png(path, backend_args), ids)
    return PanopticGroundTruth(seg_map, np.asarray(labels, dtype=np.int64),
                               np.asarray(iscrowd, dtype=bool))


def read_semantic_png(path: str,
                      backend_args: Optional[dict] = None) -> np.ndarray:
    """Read a label PNG: integer ``[H, W]``, class indices.

    Raises:
        FileNotFoundError: If the file is not there.
        ValueError: If the file has more than one channel.
    """
    try:
        content = get(path, backend_args=backend_args)
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f'Semantic PNG {path} does not exist. Check semantic_prefix and '
            'semantic_suffix of the metric.') from error
    # Pillow, because OpenCV would turn palette indices into colours.
    semantic = mmcv.imfrombytes(content, flag='unchanged', backend='pillow')
    if semantic.ndim != 2:
        raise ValueError(f'Semantic PNG {path} has shape '
                         f'{list(semantic.shape)}, expected one channel of '
                         'class indices.')
    return semantic


def ground_truth_of_sample(sample: Union[dict, DetDataSample],
                           thing_labels: Sequence[int],
                           backend_args: Optional[dict] = None
                           ) -> PanopticGroundTruth:
    """Ground truth named by the meta information of a data sample.

    The keys are those of mmdet's ``CocoPanopticDataset``, which marks crowds
    only by taking ``is_thing`` from segments of thing classes. Where there
    are no things, a loaded class map serves as well.

    Args:
        sample (dict | DetDataSample): Has ``seg_map_path`` and
            ``segments_info`` (``id``, ``category``, ``is_thing``; perhaps
            ``iscrowd``, which :class:`PanopticDataset` gives stuff), or
            ``gt_sem_seg`` (see :class:`LoadSemanticSegments`).
        thing_labels (Sequence[int]): Class indices of the things.
        backend_args (dict, optional): mmengine file backend.

    Returns:
        PanopticGroundTruth: Segments in the order of ``segments_info``.

    Raises:
        KeyError: If the sample has no such meta information.
    """
    if 'gt_sem_seg' in sample and not thing_labels and \
            sample.get('segments_info') is None:
        return _stuff_of_class_map(sample.get('gt_sem_seg').get('sem_seg'))
    for key in ('seg_map_path', 'segments_info'):
        if sample.get(key) is None:
            raise KeyError(
                f'The data sample of {sample.get("img_path")} has no {key!r}. '
                "Add 'seg_map_path' and 'segments_info' to meta_keys of "
                'PackDetInputs in the test pipeline (and set the dataset\'s '
                "data_prefix['seg']), or give the metric ann_file and "
                'seg_prefix.')
    segments = sample.get('segments_info')
    things = set(thing_labels)
    crowd = [
        s.get('iscrowd', s['category'] in things and not s['is_thing'])
        for s in segments
    ]
    return read_ground_truth(sample.get('seg_map_path'),
                             [s['id'] for s in segments],
                             [s['category'] for s in segments], crowd,
                             backend_args)


def _stuff_of_class_map(class_map: Tensor) -> PanopticGroundTruth:
    """Each class of a map [1, H, W] as one segment; 255 is void."""
    class_map = class_map[0].cpu().numpy().astype(np.int64)
    labels = np.setdiff1d(class_map, [IGNORE_INDEX])
    # Shifted by one: 0 is a class here, void in `number_segments`.
    shifted = np.where(class_map == IGNORE_INDEX, 0, class_map + 1)
    seg_map, _ = number_segments(shifted, labels + 1)
    return PanopticGroundTruth(seg_map, labels, np.zeros(len(labels), bool))


class PanopticAnnotationFile:
    """Ground truth from a COCO panoptic JSON and its folder of PNG files.

    Args:
        ann_file (str): The JSON.
        seg_prefix (str): Folder of the PNG files.
        classes (Sequence[str]): Class names in the model's order; categories
            of the file are mapped to them by name.
        backend_args (dict, optional): mmengine file backend.

    Raises:
        ValueError: If a category of the file is not among ``classes``.
    """

    def __init__(self,
                 ann_file: str,
                 seg_prefix: str,
                 classes: Sequence[str],
                 backend_args: Optional[dict] = None) -> None:
        self.ann_file = ann_file
        self.seg_prefix = seg_prefix
        self.backend_args = backend_args
        content = read_panoptic_json(ann_file, backend_args)
        index = {name: label for label, name in enumerate(classes)}
        missing = [c['name'] for c in content.categories
                   if c['name'] not in index]
        if missing:
            raise ValueError(
                f'ann_file {ann_file} has categories that are not in '
                f"the dataset's metainfo['classes']: {missing}. Give the "
                'dataset a metainfo with the names of the file.')
        self._labels = {c['id']: index[c['name']] for c in content.categories}
        self._images = {image['id']: image for image in content.images}
        self._annotations = content.annotations

    def __call__(self, sample: dict) -> PanopticGroundTruth:
        """Ground truth of a sample, found by its ``img_id``.

        Raises:
            KeyError: If the file has no annotation of that image.
        """
        annotation = self._annotations.get(sample['img_id'])
        if annotation is None:
            raise KeyError(
                f'ann_file {self.ann_file} has no annotation with image_id '
                f'{sample["img_id"]!r} ({sample.get("img_path")}). Give the '
                'metric the ann_file of the dataset that is evaluated.')
        segments = annotation['segments_info']
        return read_ground_truth(
            osp.join(self.seg_prefix,
                     png_name(self._images[sample['img_id']], annotation)),
            [s['id'] for s in segments],
            [self._labels[s['category_id']] for s in segments],
            [s.get('iscrowd', 0) for s in segments], self.backend_args)
