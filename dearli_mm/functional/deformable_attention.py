"""Multi-scale deformable attention without a compiled operator.

Within this page S = L * P are the samples of a query and a head. The pixels of
all levels are rows of one table, each level with zeros around it, so that no
sample needs to know whether it is inside: a row and a pixel before, a pixel
behind each row of pixels, and two rows after the last.
"""
from typing import NamedTuple, Sequence, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable


def deformable_attention(value: Tensor, shapes: Sequence[Tuple[int, int]],
                         positions: Tensor, weights: Tensor) -> Tensor:
    """Weighted sum of bilinear samples of feature maps, zero outside.

    The result of mmcv's ``multi_scale_deformable_attn_pytorch``. There every
    sample is written down, multiplied and added up; here one weighted
    ``embedding_bag`` reads the four pixels of all samples of a query, so that
    nothing of the size of the samples times the channels exists, neither now
    nor for the backward pass. Source: Deformable DETR.

    Args:
        value (Tensor): Shape [B, K, M, D]: of M heads, the pixels of all
            levels in a row, K together.
        shapes (Sequence[tuple[int, int]]): Height and width of the L levels.
        positions (Tensor): (x, y) in pixels of each level, 0 at the centre
            of the first pixel, shape [B, Q, M, L, P, 2].
        weights (Tensor): Shape [B, Q, M, L, P].

    Returns:
        Tensor: Shape [B, Q, M * D].
    """
    shapes = tuple((int(height), int(width)) for height, width in shapes)
    return _DeformableAttention.apply(value, shapes, positions.flatten(3, 4),
                                      weights.flatten(3))


class _Layout(NamedTuple):
    """Where the pixels of all levels are in the table of one image.

    The table has a row for each place and, within it, for each of M heads.
    """
    size: Tensor  # float [S, 2], width and height of a sample's level
    first: Tensor  # float [S], place of its level's pixel (0, 0)
    row: Tensor  # float [S], places in a row of its level's pixels
    corners: Tensor  # int32 [4, S], table rows from a pixel to its 2x2 block
    pixels: Tensor  # int64 [K], places of the pixels
    row_of_pixel: Tensor  # int64 [K], places in the row of each pixel
    length: int  # number of places


def _layout(shapes: Tuple[Tuple[int, int], ...], heads: int, samples: int,
            device: torch.device) -> _Layout:
    first, pixels, row_of_pixel, length = [], [], [], 0
    for height, width in shapes:
        row = width + 2
        first.append(length + row + 1)
        y = torch.arange(height)[:, None]
        pixels.append((first[-1] + y * row + torch.arange(width)).flatten())
        row_of_pixel.append(torch.full((height * width, ), row))
        length += (height + 3) * row + 1
    points = samples // len(shapes)
    size = torch.tensor([[width, height] for height, width in shapes])
    row = (size[:, 0] + 2).repeat_interleave(points)
    right = torch.ones_like(row)
    corners = torch.stack((0 * row, right, row, row + right)) * heads
    return _Layout(*(part.to(device, non_blocking=True) for part in (
        size.repeat_interleave(points, 0).float(),
        torch.tensor(first).repeat_interleave(points).float(),
        row.float(),
        corners.int(),
        torch.cat(pixels),
        torch.cat(row_of_pixel))), length)


class _DeformableAttention(torch.autograd.Function):
    """A sample is the place of its upper left pixel and two fractions."""

    @staticmethod
    def forward(ctx, value, shapes, positions, weights):
        layout = _layout(shapes, *positions.shape[2:4], value.device)
        place, fraction, outside = _samples(positions, layout)
        shares = torch.stack(_corner_shares(fraction, weights), 3)
        out = _bags(value, place, shares, layout)
        ctx.save_for_backward(value, place, fraction, outside, weights)
        ctx.layout = layout
        return out.view(*positions.shape[:2], -1)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        value, place, fraction, outside, weights = ctx.saved_tensors
        grad = grad.contiguous().view(-1, value.shape[-1])
        of_value = _value_gradient(grad, place, fraction, weights, ctx.layout,
                                   value.shape)
        of_weights, of_positions = _sample_gradients(
            _products(grad, value, place, ctx.layout), fraction, weights,
            outside)
        return of_value, None, of_positions, of_weights


def _samples(positions: Tensor,
             layout: _Layout) -> Tuple[Tensor, Tensor, Tensor]:
    """Row of the upper left pixel, fractions to the next, what is outside.

    Returns:
        tuple[Tensor, Tensor, Tensor]: int32 [B, Q, M, S]; float and bool
        [B, Q, M, S, 2].
    """
    # Beyond the border all is zero as on it.
    inside = positions.clamp(torch.full_like(layout.size, -1), layout.size)
    corner = inside.floor()
    x, y = corner.unbind(-1)
    # Places of one image are few enough to be exact in float32.
    place = (layout.first + y * layout.row + x).int()
    batch_size, _, heads, _ = place.shape
    image, head = (
        torch.arange(count, dtype=torch.int32, device=place.device)
        for count in (batch_size, heads))
    start = (image * layout.length * heads).view(-1, 1, 1, 1)
    return (place * heads + head[:, None] + start, inside - corner,
            inside != positions)


def _bags(value: Tensor, place: Tensor, shares: Tensor,
          layout: _Layout) -> Tensor:
    """Sums over the four pixels around all samples of a query and a head.

    Args:
        value (Tensor): Shape [B, K, M, D].
        place (Tensor): See :func:`_samples`.
        shares (Tensor): Weights of the pixels, shape [B, Q, M, 4, S].
        layout (_Layout): Of the table.

    Returns:
        Tensor: Shape [B * Q * M, D].
    """
    # Maps with their borders.
    table = value.new_zeros(value.shape[0], layout.length, *value.shape[2:])
    table = table.index_copy_(1, layout.pixels, value)
    corners = place.unsqueeze(3) + layout.corners
    return F.embedding_bag(
        corners.flatten(0, 2).flatten(1),
        table.view(-1, value.shape[-1]),
        mode='sum',
        per_sample_weights=shares.flatten(0, 2).flatten(1))


def _corner_shares(fraction: Tensor, weights: Tensor) -> Tuple[Tensor, ...]:
    """Weights of the four pixels around each sample, [...] of [..., 2]."""
    x, y = fraction.unbind(-1)
    lower = weights * y
    upper = weights - lower
    lower_right, upper_right = lower * x, upper * x
    return upper - upper_right, upper_right, lower - lower_right, lower_right


def _value_gradient(grad: Tensor, place: Tensor, fraction: Tensor,
                    weights: Tensor, layout: _Layout,
                    shape: torch.Size) -> Tensor:
    """Sorted by place, the samples of a pixel are a bag of gradients."""
    batch_size, _, heads, width = shape
    place, order = place.flatten().sort()
    # bincount() would make a GPU wait.
    counts = order.new_zeros(batch_size * layout.length * heads).scatter_add_(
        0, place.long(), order.new_ones(1).expand(len(order)))
    offsets = counts.cumsum(0) - counts
    query = torch.div(order, len(order) // len(grad), rounding_mode='floor')
    shares = _corner_shares(
        fraction.flatten(0, -2)[order],
        weights.flatten()[order])
    total = 0
    for corner, share in enumerate(shares):
        bags = F.embedding_bag(
            query, grad, offsets, mode='sum', per_sample_weights=share)
        step = corner % 2 + corner // 2 * layout.row_of_pixel
        bags = bags.view(batch_size, layout.length, heads, width)
        total = total + bags.index_select(1, layout.pixels - step)
    return total


def _products(grad: Tensor, value: Tensor, place: Tensor,
              layout: _Layout) -> Tensor:
    """Products of gradients and the pixels that were read, [..., 4, S]."""
    # They are the gradient of a bag's weights, whatever these are.
    shares = grad.new_zeros(*place.shape[:3], 4, place.shape[3])
    with torch.enable_grad():
        bags = _bags(value, place, shares.requires_grad_(), layout)
    return torch.autograd.grad(bags, shares, grad)[0]


def _sample_gradients(products: Tensor, fraction: Tensor, weights: Tensor,
                      outside: Tensor) -> Tuple[Tensor, Tensor]:
    """Gradients of weights and positions: through the bilinear shares."""
    x, y = fraction.unbind(-1)
    upper_left, upper_right, lower_left, lower_right = products.unbind(3)
    along_upper = upper_right - upper_left
    along_lower = lower_right - lower_left
    upper = upper_left + along_upper * x
    down = lower_left + along_lower * x - upper
    along = along_upper + (along_lower - along_upper) * y
    of_positions = torch.stack((along * weights, down * weights), -1)
    return upper + down * y, of_positions.masked_fill(outside, 0)
