"""Average-pooling of a feature map over the masks of queries."""
import torch.nn.functional as F
from torch import Tensor


def mask_pool(features: Tensor, mask_logits: Tensor) -> Tensor:
    """Mean feature under each mask.

    Masks are resized as logits (bilinear) to the size of the features and
    hold where they are positive. An empty mask pools to (almost) zero.
    Source: DEARLi section 3.1.

    Args:
        features (Tensor): Shape [B, D, H, W].
        mask_logits (Tensor): Shape [B, Q, h, w].

    Returns:
        Tensor: Shape [B, Q, D].
    """
    masks = resize_logits(mask_logits, features.shape[-2:]) > 0
    masks = masks.flatten(2).to(features.dtype)
    area = masks.sum(-1, keepdim=True) + 1e-8
    return masks @ features.flatten(2).transpose(1, 2) / area


def resize_logits(mask_logits: Tensor, size) -> Tensor:
    """Bilinear resize of [B, Q, h, w] logits to ``size``; no copy if equal."""
    if mask_logits.shape[-2:] == tuple(size):
        return mask_logits
    if mask_logits.shape[1] == 0:  # which interpolate() refuses
        return mask_logits.new_zeros(*mask_logits.shape[:2], *size)
    return F.interpolate(
        mask_logits, size=tuple(size), mode='bilinear', align_corners=False)
