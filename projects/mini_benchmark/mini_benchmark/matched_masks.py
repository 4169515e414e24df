"""Are masks found, and are found masks named well: two questions, apart."""
from __future__ import annotations

from typing import Any, Dict, List, Sequence, Tuple

import numpy as np
from mmdet.evaluation.functional import INSTANCE_OFFSET
from mmengine.evaluator import BaseMetric

from dearli_mm.datasets.panoptic_ground_truth import ground_truth_of_sample
from dearli_mm.functional.panoptic_ids import split_panoptic_ids

GROUPS = ('', '_th', '_st')


class MatchedMasks(BaseMetric):
    """Segments that a prediction finds, whatever it calls them.

    A ground-truth segment and a predicted one match if their IoU is above 0.5;
    as both are disjoint, each has one match at most. ``found`` is the share of
    ground-truth segments with a match (localization), ``named`` the share of
    the matches with the right class (recognition), both in percent, for all
    segments, things and stuff. ``PQ_of_masks`` is the panoptic quality of the
    masks, all classes taken for one (names still act a little: predicted stuff
    of one class is one segment). Crowds do not count.
    """

    default_prefix = 'matched'

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Match the segments of a batch.

        Args:
            data_batch (Any): Not used.
            data_samples (Sequence[dict]): With ``pred_panoptic_seg`` and what
                names their ground truth.
        """
        self.results.extend(self._match(sample) for sample in data_samples)

    def _match(self, sample: dict) -> Tuple[np.ndarray, np.ndarray, int]:
        classes = self.dataset_meta['classes']
        truth = ground_truth_of_sample(sample, self._things())
        encoded = sample['pred_panoptic_seg']['sem_seg'][0].cpu().numpy()
        seg_map, labels = split_panoptic_ids(encoded, len(classes),
                                             INSTANCE_OFFSET)
        matches = match_segments(truth.seg_map, seg_map)
        called = np.full(len(truth.labels), -1)
        overlap = np.zeros(len(truth.labels))
        for number, guess in matches:
            called[number - 1] = labels[guess - 1]
            overlap[number - 1] = _iou(truth.seg_map == number,
                                       seg_map == guess)
        counts = np.isin(np.arange(len(called)) + 1,
                         truth.seg_map) & ~truth.iscrowd
        return (np.stack((truth.labels, called), 1)[counts], overlap[counts],
                len(labels))

    def _things(self) -> List[int]:
        meta = self.dataset_meta
        return [meta['classes'].index(name) for name in meta['thing_classes']]

    def compute_metrics(self, results: List[tuple]) -> Dict[str, float]:
        """Shares over all segments of the dataset.

        Args:
            results (list[tuple]): Of each image int ``[n, 2]``, class and
                predicted class of each segment, -1 for no match; their IoU
                ``[n]``, 0 for no match; number of predicted segments.

        Returns:
            dict[str, float]: ``found``, ``named`` and their ``_th`` and
            ``_st``, and ``PQ_of_masks``, in percent, NaN where nothing is to
            be found.
        """
        names, overlaps, predicted = zip(*results)
        truth, called = np.concatenate(names).T
        overlap = np.concatenate(overlaps)
        is_thing = np.isin(truth, self._things())
        table = dict(PQ_of_masks=float(
            100 * overlap.sum() / max((len(truth) + sum(predicted)) / 2, 1)))
        for group, chosen in zip(
                GROUPS, (np.ones_like(is_thing), is_thing, ~is_thing)):
            found = chosen & (called >= 0)
            table[f'found{group}'] = _percent(found[chosen])
            table[f'named{group}'] = _percent((called == truth)[found])
        return table


def match_segments(first: np.ndarray,
                   second: np.ndarray) -> List[Tuple[int, int]]:
    """Pairs of segments with IoU above 0.5.

    Args:
        first (np.ndarray): Integer ``[H, W]``, 0 is void, segments 1..n.
        second (np.ndarray): Integer ``[H, W]``, 0 is void, segments 1..m.

    Returns:
        list[tuple[int, int]]: Numbers of segments.
    """
    width = int(second.max(initial=0)) + 1
    joint = np.bincount((first.astype(np.int64) * width + second).ravel(),
                        minlength=(int(first.max(initial=0)) + 1) * width)
    overlap = joint.reshape(-1, width)
    union = overlap.sum(1)[:, None] + overlap.sum(0) - overlap
    matched = overlap[1:, 1:] > 0.5 * union[1:, 1:]
    return [(int(a) + 1, int(b) + 1) for a, b in np.argwhere(matched)]


def _iou(first: np.ndarray, second: np.ndarray) -> float:
    return (first & second).sum() / (first | second).sum()


def _percent(values: np.ndarray) -> float:
    return float(100 * values.mean()) if values.size else float('nan')
