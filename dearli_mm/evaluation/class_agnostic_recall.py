"""Recall of class-agnostic mask proposals."""
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np
from mmdet.registry import METRICS
from mmengine.evaluator import BaseMetric

from ..datasets.panoptic_ground_truth import ground_truth_of_sample
from ..functional.proposals import recall_counts

GROUPS = ('', '_th', '_st')


@METRICS.register_module()
class ClassAgnosticRecall(BaseMetric):
    """Average recall (AR) of mask proposals, in percent.

    The share of ground-truth segments, things and stuff, that one of the
    first k proposals finds, averaged over IoU thresholds and over all
    segments of the dataset. Crowds do not count. Proposals are read from
    ``pred_instances`` (``masks`` bool [K, H, W], best first), ground truth is
    found through ``seg_map_path`` and ``segments_info`` of the data samples.

    Args:
        num_proposals (Sequence[int]): Numbers k. Defaults to (10, 100).
        iou_thresholds (Sequence[float]): At least 0.5. Defaults to COCO's,
            0.5, 0.55, ..., 0.95.
        backend_args (dict, optional): mmengine file backend.
        collect_device (str): 'cpu' or 'gpu'. Defaults to 'cpu'.
        prefix (str, optional): Defaults to None, which means 'recall'.

    Raises:
        ValueError: If a threshold is below 0.5.
    """

    default_prefix = 'recall'

    def __init__(self,
                 num_proposals: Sequence[int] = (10, 100),
                 iou_thresholds: Sequence[float] = tuple(
                     percent / 100 for percent in range(50, 100, 5)),
                 backend_args: Optional[dict] = None,
                 collect_device: str = 'cpu',
                 prefix: Optional[str] = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        if min(iou_thresholds) < 0.5:
            raise ValueError(
                f'ClassAgnosticRecall: iou_thresholds={iou_thresholds}: below '
                '0.5 one proposal could find several segments')
        self.num_proposals = tuple(num_proposals)
        self.iou_thresholds = tuple(iou_thresholds)
        self.backend_args = backend_args

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Score a batch.

        Args:
            data_batch (Any): Not used.
            data_samples (Sequence[dict]): Samples with ``pred_instances``.
        """
        self.results.extend(self._score(sample) for sample in data_samples)

    def compute_metrics(
            self, results: List[Tuple[np.ndarray,
                                      np.ndarray]]) -> Dict[str, float]:
        """Average over segments.

        Args:
            results (list[tuple]): Of each image the found shares [M, k] and
                bool [M], which segments are things.

        Returns:
            dict[str, float]: ``AR@k``, ``AR@k_th`` and ``AR@k_st`` for each
            k, in percent; NaN if there is no such segment.
        """
        found = np.concatenate([shares for shares, _ in results])
        is_thing = np.concatenate([things for _, things in results])
        groups = (np.ones_like(is_thing), is_thing, ~is_thing)
        return {
            f'AR@{k}{group}':
            float(100 * found[chosen, column].mean())
            if chosen.any() else float('nan')
            for group, chosen in zip(GROUPS, groups)
            for column, k in enumerate(self.num_proposals)
        }

    def _score(self, sample: dict) -> Tuple[np.ndarray, np.ndarray]:
        meta = self.dataset_meta
        things = [
            meta['classes'].index(name) for name in meta['thing_classes']
        ]
        truth = ground_truth_of_sample(sample, things, self.backend_args)
        size = len(truth.labels) + 1
        areas = np.bincount(truth.seg_map.ravel(), minlength=size)
        numbers = np.flatnonzero(~truth.iscrowd & (areas[1:] > 0)) + 1
        masks = self._masks(sample, truth.seg_map.shape)
        overlap = np.array([
            np.bincount(truth.seg_map[mask], minlength=size) for mask in masks
        ]).reshape(-1, size)[:, numbers]
        union = masks.sum((1, 2))[:, None] + areas[numbers] - overlap
        is_thing = np.isin(truth.labels[numbers - 1], things)
        return recall_counts(overlap / union, self.num_proposals,
                             self.iou_thresholds), is_thing

    def _masks(self, sample: dict, shape: Tuple[int, int]) -> np.ndarray:
        """The proposals that are needed, bool [K, H, W]."""
        if 'pred_instances' not in sample:
            raise KeyError(
                f'The model gave no pred_instances for '
                f'{sample.get("img_path")}. Use a MaskProposalFusionHead as '
                'panoptic_fusion_head of the model.')
        masks = sample['pred_instances']['masks'][:max(self.num_proposals)]
        masks = masks.cpu().numpy()
        if masks.shape[1:] != shape:
            raise ValueError(
                f'pred_instances of {sample.get("img_path")} have shape '
                f'{list(masks.shape[1:])}, its ground truth {list(shape)}. '
                'Predictions must be rescaled to the original image.')
        return masks
