"""Panoptic quality and mean IoU, as pure functions on numpy arrays.

Per-image ``*_update`` functions return small per-class tables; tables of
images are summed by the caller and handed to the ``*_compute`` functions.
The rules are those of COCO (Kirillov et al., "Panoptic Segmentation", CVPR
2019, and the official panopticapi).
"""
from typing import NamedTuple, Sequence, Tuple

import numpy as np


class PanopticQuality(NamedTuple):
    """PQ, SQ and RQ, each 0..1: floats (means) or float64 ``[C]``.

    NaN stands for a class that occurs neither in ground truth nor prediction.
    """

    pq: np.ndarray
    sq: np.ndarray
    rq: np.ndarray


def panoptic_quality_update(pred_map: np.ndarray,
                            pred_labels: Sequence[int],
                            gt_map: np.ndarray,
                            gt_labels: Sequence[int],
                            gt_iscrowd: Sequence[bool],
                            num_classes: int) -> np.ndarray:
    """Match the segments of one image.

    A prediction and a ground-truth segment match if their class is the same,
    the segment is not a crowd, and IoU > 0.5, where prediction pixels on void
    are left out of the union. Unmatched crowds are no false negatives. An
    unmatched prediction is no false positive if more than half of it lies on
    void and on crowds of its class. As in panopticapi, a ground-truth
    segment without pixels is a false negative; panopticapi looks at one crowd
    per class, this function at all of them (COCO has one per class).

    Args:
        pred_map (np.ndarray): Integer ``[H, W]``, 0 is void, segments 1..n.
        pred_labels (Sequence[int]): ``[n]`` classes 0..C-1. Segments without
            pixels count for nothing.
        gt_map (np.ndarray): Integer ``[H, W]``, 0 is void, segments 1..m.
        gt_labels (Sequence[int]): ``[m]`` classes 0..C-1.
        gt_iscrowd (Sequence[bool]): ``[m]``.
        num_classes (int): Number of classes C.

    Returns:
        np.ndarray: float64 ``[C, 4]``; columns: sum of the IoUs of matches,
        true positives, false positives, false negatives.

    Raises:
        ValueError: If maps differ in shape, or a map and its labels disagree.
    """
    pred_labels = _validate_segments('prediction', pred_map, pred_labels,
                                     num_classes)
    gt_labels = _validate_segments('ground truth', gt_map, gt_labels,
                                   num_classes)
    crowd = np.asarray(gt_iscrowd, dtype=bool).reshape(-1)
    if crowd.shape != gt_labels.shape:
        raise ValueError(f'{crowd.size} crowd flags for {gt_labels.size} '
                         'ground-truth segments.')
    overlap = _joint_histogram(gt_map, pred_map, gt_labels.size,
                               pred_labels.size)
    # Row and column 0 are the void of ground truth and prediction.
    pred_area = overlap.sum(axis=0)[1:]
    on_void = overlap[0, 1:]
    gt_area = overlap[1:].sum(axis=1)
    overlap = overlap[1:, 1:]

    same_class = gt_labels[:, None] == pred_labels[None]
    union = gt_area[:, None] + (pred_area - on_void)[None] - overlap
    iou = overlap / np.maximum(union, 1)
    match = same_class & ~crowd[:, None] & (iou > 0.5)

    # COCO's rule: what lies on void or on a crowd of its class is no error.
    forgiven = on_void + (overlap * (same_class & crowd[:, None])).sum(axis=0)
    false_pos = (pred_area > 0) & ~match.any(axis=0)
    false_pos &= forgiven <= 0.5 * pred_area
    false_neg = ~crowd & ~match.any(axis=1)

    def per_class(labels: np.ndarray, weights: np.ndarray) -> np.ndarray:
        return np.bincount(labels, weights, minlength=num_classes)

    # Above IoU 0.5 a ground-truth segment has one match at the most.
    return np.stack([
        per_class(gt_labels, (iou * match).sum(axis=1)),
        per_class(gt_labels, match.any(axis=1)),
        per_class(pred_labels, false_pos),
        per_class(gt_labels, false_neg)
    ], axis=1)


def panoptic_quality_compute(stats: np.ndarray) -> PanopticQuality:
    """Per-class panoptic quality of a whole dataset.

    Args:
        stats (np.ndarray): float64 ``[C, 4]``, the sum of what
            :func:`panoptic_quality_update` returned for each image.

    Returns:
        PanopticQuality: float64 ``[C]`` each, values 0..1. Absent classes
        are NaN; a class without any match has 0 for all three.
    """
    iou, true_pos, false_pos, false_neg = np.asarray(stats, dtype=float).T
    weight = true_pos + 0.5 * false_pos + 0.5 * false_neg
    absent = weight == 0
    with np.errstate(divide='ignore', invalid='ignore'):
        pq, rq = iou / weight, true_pos / weight
    sq = np.where(absent, np.nan, iou / np.maximum(true_pos, 1))
    return PanopticQuality(pq, sq, rq)


def panoptic_quality_mean(quality: PanopticQuality,
                          classes: Sequence[int]) -> PanopticQuality:
    """Average over classes, absent ones left out.

    Args:
        quality (PanopticQuality): Per class, from
            :func:`panoptic_quality_compute`.
        classes (Sequence[int]): Class indices to average over, e.g. the
            things.

    Returns:
        PanopticQuality: Three floats 0..1; NaN if no class is present.
    """
    return PanopticQuality(
        *(nan_mean(values[list(classes)]) for values in quality))


def semantic_iou_update(pred: np.ndarray,
                        gt: np.ndarray,
                        num_classes: int,
                        ignore_index: int = 255) -> np.ndarray:
    """Per-class areas of one image.

    Args:
        pred (np.ndarray): Integer ``[H, W]``, classes 0..C-1; other values
            (void) agree with nothing.
        gt (np.ndarray): Integer ``[H, W]``, classes 0..C-1 or
            ``ignore_index``, whose pixels do not count.
        num_classes (int): Number of classes C.
        ignore_index (int): Defaults to 255.

    Returns:
        np.ndarray: float64 ``[C, 2]``; columns: intersection, union (pixels).

    Raises:
        ValueError: If shapes differ, or ``gt`` holds other values.
    """
    if pred.shape != gt.shape:
        raise ValueError(f'Prediction {list(pred.shape)} and ground truth '
                         f'{list(gt.shape)} differ in shape.')
    valid = gt != ignore_index
    pred, gt = pred[valid].astype(np.int64), gt[valid].astype(np.int64)
    wrong = (gt < 0) | (gt >= num_classes)
    if wrong.any():
        raise ValueError(
            f'The semantic ground truth holds {np.unique(gt[wrong]).tolist()};'
            f' with {num_classes} classes it may hold 0..{num_classes - 1} '
            f'and {ignore_index} (ignored).')
    pred = np.where((pred < 0) | (pred >= num_classes), num_classes, pred)
    intersection, gt_area, pred_area = (
        np.bincount(labels, minlength=num_classes + 1)[:num_classes]
        for labels in (gt[gt == pred], gt, pred))
    return np.stack([intersection, gt_area + pred_area - intersection],
                    axis=1).astype(float)


def semantic_iou_compute(areas: np.ndarray) -> Tuple[np.ndarray, float]:
    """IoU of a whole dataset.

    Args:
        areas (np.ndarray): ``[C, 2]``, the sum of what
            :func:`semantic_iou_update` returned for each image.

    Returns:
        tuple: IoU float64 ``[C]``, values 0..1, NaN for classes absent from
        ground truth and prediction, and their mean without the absent ones.
    """
    intersection, union = np.asarray(areas, dtype=float).T
    iou = np.full(len(union), np.nan)
    np.divide(intersection, union, out=iou, where=union > 0)
    return iou, nan_mean(iou)


def nan_mean(values: np.ndarray) -> float:
    """Mean of the values that are not NaN; NaN, silently, if there is none."""
    values = values[~np.isnan(values)]
    return float(values.mean()) if values.size else float('nan')


def _validate_segments(name: str, seg_map: np.ndarray, labels: Sequence[int],
                       num_classes: int) -> np.ndarray:
    """Check a segment map against its labels; returns them as int64 [n]."""
    labels = np.asarray(labels, dtype=np.int64).reshape(-1)
    if labels.size and not 0 <= labels.min() <= labels.max() < num_classes:
        raise ValueError(f'Labels of the {name} must be 0..{num_classes - 1}, '
                         f'got {labels.min()}..{labels.max()}.')
    low, high = seg_map.min(initial=0), seg_map.max(initial=0)
    if low < 0 or high > labels.size:
        raise ValueError(f'Segment ids of the {name} must be '
                         f'0..{labels.size} (0 is void, one label per '
                         f'segment), got {low}..{high}.')
    return labels


def _joint_histogram(gt_map: np.ndarray, pred_map: np.ndarray, num_gt: int,
                     num_pred: int) -> np.ndarray:
    """Pixels of every pair of segments, int64 [num_gt + 1, num_pred + 1]."""
    if gt_map.shape != pred_map.shape:
        raise ValueError(f'Prediction {list(pred_map.shape)} and ground truth '
                         f'{list(gt_map.shape)} differ in shape.')
    joint = gt_map.astype(np.int64) * (num_pred + 1) + pred_map
    counts = np.bincount(
        joint.reshape(-1), minlength=(num_gt + 1) * (num_pred + 1))
    return counts.reshape(num_gt + 1, num_pred + 1)
