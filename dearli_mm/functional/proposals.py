"""Class-agnostic mask proposals: their score and their recall."""
from typing import Sequence

import numpy as np
from torch import Tensor


def mask_scores(mask_logits: Tensor) -> Tensor:
    """How sure a mask is of itself, without any class.

    The mean probability of the pixels of the mask, which Mask2Former and
    MaskFormer multiply with the class score. Source: Cheng et al.,
    Masked-attention Mask Transformer, CVPR 2022.

    Args:
        mask_logits (Tensor): Shape [Q, H, W].

    Returns:
        Tensor: Shape [Q], in [0.5, 1], or 0 for an empty mask.
    """
    mask = (mask_logits > 0).to(mask_logits.dtype)
    total = (mask_logits.sigmoid() * mask).flatten(1).sum(1)
    return total / mask.flatten(1).sum(1).clamp(min=1)


def recall_counts(iou: np.ndarray, num_proposals: Sequence[int],
                  iou_thresholds: Sequence[float]) -> np.ndarray:
    """How many thresholds each segment is found at.

    A segment is found by a proposal of IoU above the threshold. As segments
    are disjoint, one proposal finds one segment at most if thresholds are at
    least 0.5, so this is COCO's recall under one-to-one matching.

    Args:
        iou (np.ndarray): Of K proposals, best first, with M segments,
            [K, M].
        num_proposals (Sequence[int]): Numbers k of proposals to use.
        iou_thresholds (Sequence[float]): T thresholds, at least 0.5.

    Returns:
        np.ndarray: float [M, len(num_proposals)], in [0, 1]: the share of
        thresholds.
    """
    thresholds = np.asarray(iou_thresholds)
    best = np.stack(
        [iou[:k].max(0, initial=0) for k in num_proposals], axis=-1)
    return (best[..., None] > thresholds).mean(-1)
