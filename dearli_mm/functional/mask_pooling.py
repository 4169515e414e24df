"""Average-pooling of a feature map over the masks of queries."""
from torch import Tensor

from .resizing import resize_logits


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
