"""Text tables of evaluation results."""
from typing import Dict, Optional, Sequence

import numpy as np
from terminaltables import AsciiTable

from ..functional.panoptic_quality import PanopticQuality


def summary_table(title: str, means: Dict[str, PanopticQuality],
                  mean_iou: Optional[float]) -> str:
    """Table of averages: a row for each group of classes.

    Args:
        title (str): Printed above the table.
        means (dict[str, PanopticQuality]): Percent, by name of the group. The
            first group is the one that mIoU belongs to.
        mean_iou (float, optional): Percent; None leaves the column out.

    Returns:
        str: Text of several lines.
    """
    rows = [[group, *map(_percent, mean)] for group, mean in means.items()]
    header = ['', 'PQ', 'SQ', 'RQ']
    if mean_iou is not None:
        header.append('mIoU')
        rows[0].append(_percent(mean_iou))
        rows[1:] = [row + [''] for row in rows[1:]]
    return _render(title, [header] + rows)


def class_table(title: str, classes: Sequence[str], quality: PanopticQuality,
                iou: np.ndarray, counts: np.ndarray) -> str:
    """Table of classes.

    Args:
        title (str): Printed above the table.
        classes (Sequence[str]): ``[C]`` names.
        quality (PanopticQuality): Percent, float ``[C]`` each.
        iou (np.ndarray): Percent, float ``[C]``.
        counts (np.ndarray): ``[C, 3]``: true positives, false positives,
            false negatives.

    Returns:
        str: Text of several lines; '-' stands for an absent class (NaN).
    """
    rows = [['class', 'PQ', 'SQ', 'RQ', 'IoU', 'tp', 'fp', 'fn']]
    for name, *values, count in zip(classes, *quality, iou, counts):
        rows.append([name, *map(_percent, values), *(f'{n:.0f}'
                                                     for n in count)])
    return _render(title, rows)


def _percent(value: float) -> str:
    return '-' if np.isnan(value) else f'{value:.2f}'


def _render(title: str, rows: Sequence[Sequence[str]]) -> str:
    table = AsciiTable([list(row) for row in rows])
    table.justify_columns = {k: 'right' for k in range(1, len(rows[0]))}
    return f'{title}\n{table.table}'
