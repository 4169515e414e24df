"""Reading logits and masks at points."""
from typing import Optional

import torch
import torch.nn.functional as F
from torch import Tensor


def sample_logits(logits: Tensor, points: Tensor) -> Tensor:
    """Bilinear values of dense maps at points, zero outside of the map.

    Args:
        logits (Tensor): Shape [N, K, h, w].
        points (Tensor): (x, y) in [0, 1], shape [N, P, 2].

    Returns:
        Tensor: Shape [N, K, P].
    """
    grid = 2 * points.unsqueeze(2) - 1
    return F.grid_sample(logits, grid, align_corners=False).squeeze(3)


def sample_masks(masks: Tensor,
                 points: Tensor,
                 index: Optional[Tensor] = None) -> Tensor:
    """Bilinear values of binary masks at points, zero outside of the mask.

    The same values as :func:`sample_logits` of float masks, but only four
    pixels a point are read, so no float copy of the masks is made.

    Args:
        masks (Tensor): bool [T, H, W].
        points (Tensor): (x, y) in [0, 1], shape [N, P, 2].
        index (Tensor, optional): int64 [N], the mask that each row of
            points reads. Defaults to row n reading mask n.

    Returns:
        Tensor: float32 in [0, 1], shape [N, P].
    """
    num_masks, height, width = masks.shape
    if index is None:
        index = torch.arange(num_masks, device=masks.device)
    start = index[:, None] * (height * width)
    pixels = masks.flatten()
    x = points[..., 0] * width - 0.5
    y = points[..., 1] * height - 0.5
    x0, y0 = x.floor(), y.floor()
    values = x.new_zeros(len(index), points.shape[1])
    for row, row_weight in ((y0, y0 + 1 - y), (y0 + 1, y - y0)):
        for column, column_weight in ((x0, x0 + 1 - x), (x0 + 1, x - x0)):
            inside = (row >= 0) & (row < height) & (column >= 0) & (
                column < width)
            offset = row.clamp(0, height - 1) * width + column.clamp(
                0, width - 1)
            weight = row_weight * column_weight * inside
            values += weight * pixels[start + offset.long()]
    return values
