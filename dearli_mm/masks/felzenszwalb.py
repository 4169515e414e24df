"""Masks without any weights: segmentations of several scales."""
import dataclasses
from typing import Any, Dict, List, Tuple

import cv2
import numpy as np
from pycocotools import mask as coco_mask

from .registry import (MASK_GENERATORS, MaskGenerator, coco_instances,
                       encode_masks, option)


@MASK_GENERATORS.register_module(name='felzenszwalb')
@dataclasses.dataclass
class Felzenszwalb(MaskGenerator):
    """Graph-based segmentations of several scales, near-duplicates removed.

    ``stability_score`` of a mask is its IoU with the most similar segment of
    another scale; ``predicted_iou`` is the same number, as nothing predicts
    one. The defaults make few and large masks: a decoder learns the pieces of
    objects, too, if most of its masks are pieces. Source: Felzenszwalb and
    Huttenlocher, Efficient Graph-Based Image Segmentation, IJCV 2004.
    """
    package = 'scikit-image'

    scales: Tuple[float, ...] = option(
        (400.0, 1600.0, 6400.0),
        help='one segmentation each; larger ones make larger segments')
    sigma: float = option(1.2, help='of the blur before segmentation')
    min_size: float = option(
        0.01, help='smaller segments join a neighbour; share of the image')
    mean_shift: float = option(
        0.0, help='smooth texture first: radius in pixels; 0 for not at all')
    mean_shift_color: float = option(
        40.0, help='of the mean shift: colours further apart stay apart')
    max_size: float = option(
        0.95, help='larger segments are left out; share of the image')
    stability_score_thresh: float = option(
        0.0, help='keep masks at least this stable')
    duplicate_iou: float = option(
        0.8, help='of masks with more IoU, keep the most stable')

    def __post_init__(self) -> None:
        # Here and not in prepare(): before the images are looked for.
        try:
            import skimage.segmentation  # noqa: F401
        except ImportError as error:
            raise ImportError(
                "the generator 'felzenszwalb' needs scikit-image: "
                'pip install scikit-image') from error
        if not self.scales:
            raise ValueError('scales=(): give one at least')

    def generate(self, image: np.ndarray) -> List[Dict[str, Any]]:
        """See :meth:`MaskGenerator.generate`."""
        from skimage.segmentation import felzenszwalb
        height, width = image.shape[:2]
        min_size = max(1, round(self.min_size * height * width))
        if self.mean_shift > 0:
            image = cv2.pyrMeanShiftFiltering(image, self.mean_shift,
                                              self.mean_shift_color)
        rles, points, scale_of = [], [], []
        for number, scale in enumerate(self.scales):
            segments = felzenszwalb(
                image, scale=scale, sigma=self.sigma, min_size=min_size)
            small = np.bincount(segments.ravel()) <= \
                self.max_size * segments.size
            masks = segments == np.flatnonzero(small)[:, None, None]
            rles += encode_masks(masks)
            points += map(_inner_point, masks)
            scale_of += [number] * len(masks)
        if not rles:
            return []
        iou = coco_mask.iou(rles, rles, [0] * len(rles))
        scale_of = np.array(scale_of)
        # Segments of one scale never overlap: only other scales tell.
        other_scale = scale_of[:, None] != scale_of
        stability = (iou * other_scale).max(1)
        keep = _distinct(iou, stability, self.duplicate_iou,
                         self.stability_score_thresh)
        stability = stability[keep]
        return coco_instances([rles[index] for index in keep], stability,
                              stability, [(0, 0, width, height)] * len(keep),
                              [points[index] for index in keep])


def _inner_point(mask: np.ndarray) -> Tuple[int, int]:
    """A pixel (x, y) of the mask: of its middle row, the middle one."""
    rows, columns = np.nonzero(mask)
    row = rows[len(rows) // 2]
    columns = columns[rows == row]
    return columns[len(columns) // 2], row


def _distinct(iou: np.ndarray, score: np.ndarray, max_iou: float,
              min_score: float) -> List[int]:
    """Indices of masks, best first, none of which is like a better one."""
    keep: List[int] = []
    for index in np.argsort(-score, kind='stable'):
        if score[index] >= min_score and (iou[index, keep] <= max_iou).all():
            keep.append(int(index))
    return keep
