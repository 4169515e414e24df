"""Measures what each component of a trained network does."""
from __future__ import annotations

from typing import Dict, List, Optional, Sequence

import pandas as pd
import torch
from mmdet.registry import DATASETS
from mmengine.dataset import pseudo_collate

from dearli_mm.apis import DEARLiInferencer
from dearli_mm.evaluation import ClassAgnosticRecall, PanopticMetric
from dearli_mm.models.heads import MaskProposalFusionHead

from .matched_masks import MatchedMasks

# What is printed, by the names of the metrics.
COLUMNS = {
    'PQ': 'panoptic/PQ',
    'mIoU': 'panoptic/mIoU',
    'named': 'matched/named',
    'named th': 'matched/named_th',
    'named st': 'matched/named_st',
    'PQ of masks': 'matched/PQ_of_masks',
    'found': 'matched/found',
    'found th': 'matched/found_th',
    'AR': 'recall/AR@100',
    'AR th': 'recall/AR@100_th',
    'AR st': 'recall/AR@100_st',
}


@torch.no_grad()
def analyse(checkpoint: str,
            network: str = 'student',
            alphas: Sequence[Optional[float]] = (None, ),
            max_images: Optional[int] = None,
            cfg_options: Optional[dict] = None) -> List[Dict[str, float]]:
    """Measure a checkpoint on the test set of its config.

    Args:
        checkpoint (str): File that a training wrote.
        network (str): ``'student'`` or ``'teacher'``.
        alphas (Sequence[float | None]): Weights of CLIP's opinion to measure
            with; None for that of the config.
        max_images (int, optional): Measure on the first ones only.
        cfg_options (dict, optional): Values of the config to set.

    Returns:
        list[dict[str, float]]: For each weight ``alpha`` and all metrics:
        ``panoptic/...``, ``matched/...`` (see :class:`MatchedMasks`, of the
        panoptic result) and ``recall/...`` (of the masks of all queries).
    """
    inferencer = DEARLiInferencer(
        checkpoint, network=network, cfg_options=cfg_options)
    dataset = DATASETS.build(inferencer.cfg.test_dataloader.dataset)
    count = min(len(dataset), max_images or len(dataset))
    rows = []
    for alpha in alphas:
        inferencer.configure(alpha=alpha)
        metrics = [PanopticMetric(prefix='panoptic'), MatchedMasks(),
                   ClassAgnosticRecall()]
        for metric in metrics:
            metric.dataset_meta = dataset.metainfo
        for index in range(count):
            sample = _predict(inferencer.network, dataset[index])
            for metric in metrics:
                metric.process({}, [sample])
        row = dict(alpha=inferencer.alpha)
        for metric in metrics:
            row.update(metric.evaluate(count))
        rows.append(row)
    return rows


def _predict(network: torch.nn.Module, item: dict) -> dict:
    """Panoptic result and masks of all queries of one image."""
    data = network.data_preprocessor(pseudo_collate([item]), False)
    samples = data['data_samples']
    class_logits, mask_logits = network.predict_queries(data['inputs'])
    fusion = network.panoptic_fusion_head
    proposals = MaskProposalFusionHead(fusion.num_things_classes,
                                       fusion.num_stuff_classes)
    for head in (fusion, proposals):
        result, = head.predict(class_logits, mask_logits, samples)
        for name, value in result.items():
            setattr(samples[0], f'pred_{name}', value)
    return samples[0].to_dict()


def analysis_table(rows: Dict[str, Dict[str, float]]) -> str:
    """Rows as Markdown.

    Args:
        rows (dict[str, dict]): From :func:`analyse`, by name.
    """
    table = pd.DataFrame.from_dict(rows, orient='index')
    table = table[['alpha', *COLUMNS.values()]]
    table.columns = ['alpha', *COLUMNS]
    return table.to_markdown(floatfmt=['', 'g'] + ['.1f'] * len(COLUMNS))
