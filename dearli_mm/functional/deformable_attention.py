"""Multi-scale deformable attention without a compiled operator.

Within this page S = L * P are the samples of a query and a head. What depends
on sizes alone is laid out as a whole row of all heads' samples, because a
CPU adds rows faster than it broadcasts.
"""
from functools import lru_cache
from typing import NamedTuple, Sequence, Tuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

Shapes = Tuple[Tuple[int, int], ...]


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


def attention_weights(logits: Tensor) -> Tensor:
    """Softmax over a short last dimension.

    Args:
        logits (Tensor): Shape [..., S]; PyTorch's softmax on a CPU takes its
            time when S is small.

    Returns:
        Tensor: Probabilities, shape [..., S].
    """
    if logits.device.type != 'cpu':
        return logits.softmax(-1)
    return _ShortSoftmax.apply(logits)


class _ShortSoftmax(torch.autograd.Function):

    @staticmethod
    def forward(ctx, logits):
        weights = (logits - logits.amax(-1, True)).exp_()
        weights.div_(weights.sum(-1, True))
        ctx.save_for_backward(weights)
        return weights

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        weights, = ctx.saved_tensors
        of_logits = grad * weights
        return of_logits.sub_(weights * of_logits.sum(-1, True))


class _Layout(NamedTuple):
    """Where the pixels of padded maps are, in a row.

    Every level has zeros around it, so that no sample needs to know whether
    it is inside: a row and a pixel before, a pixel behind each row, and two
    rows after the last. A place has a row of the table for each of M heads.
    """
    size: Tensor  # float [M, S, 2], width and height
    first: Tensor  # float [M, S], place of pixel (0, 0)
    row: Tensor  # float [M, S], places in a row of pixels
    head: Tensor  # int32 [M, S]
    corners: Tensor  # int32 [4, S], rows of the table to the four pixels
    pixels: Tensor  # int64 [K], places of the pixels
    row_of_pixel: Tensor  # int64 [K], places in the row of each pixel
    length: int  # number of places


@lru_cache(maxsize=32)
def _layout(shapes: Shapes, heads: int, samples: int,
            device: torch.device) -> _Layout:
    first, pixels, row_of_pixel, length = [], [], [], 0
    for height, width in shapes:
        row = width + 2
        first.append(length + row + 1)
        y = torch.arange(height)[:, None]
        pixels.append((first[-1] + y * row + torch.arange(width)).flatten())
        row_of_pixel.append(torch.full((height * width, ), row))
        length += (height + 3) * row + 1
    level = torch.arange(len(shapes)).repeat_interleave(samples // len(shapes))
    level = level.expand(heads, -1)
    size = torch.tensor([[width, height] for height, width in shapes])
    row = size[:, 0] + 2
    down = row[level[0]] * heads
    corners = torch.stack(
        (torch.zeros_like(down), torch.full_like(down, heads), down,
         down + heads))
    head = torch.arange(heads)[:, None].expand(-1, samples)
    return _Layout(
        size[level].float().to(device),
        torch.tensor(first)[level].float().to(device),
        row[level].float().to(device),
        head.int().contiguous().to(device),
        corners.int().to(device),
        torch.cat(pixels).to(device),
        torch.cat(row_of_pixel).to(device), length)


class _DeformableAttention(torch.autograd.Function):
    """A sample is the place of its upper left pixel and two fractions."""

    @staticmethod
    def forward(ctx, value, shapes, positions, weights):
        layout = _layout(shapes, *positions.shape[2:4], value.device)
        place, fraction, outside = _samples(positions, layout)
        out = F.embedding_bag(
            _corner_places(place, layout).flatten(0, 2).flatten(1),
            _padded(value, layout),
            mode='sum',
            per_sample_weights=torch.stack(
                _corner_shares(fraction, weights), 3).flatten(0, 2).flatten(1))
        ctx.save_for_backward(value, place, fraction, outside, weights)
        ctx.layout = layout
        return out.view(*positions.shape[:2], -1)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        value, place, fraction, outside, weights = ctx.saved_tensors
        layout = ctx.layout
        grad = grad.contiguous().view(-1, value.shape[-1])
        of_value = of_positions = of_weights = None
        if ctx.needs_input_grad[0]:
            of_value = _value_gradient(grad, place, fraction, weights, layout,
                                       value.shape)
        if ctx.needs_input_grad[2] or ctx.needs_input_grad[3]:
            products = _products(grad, value, place, layout)
            of_weights, of_positions = _sample_gradients(
                products, fraction, weights, outside)
        return of_value, None, of_positions, of_weights


def _padded(value: Tensor, layout: _Layout) -> Tensor:
    """Maps with their borders, a row a place and head: [B * places * M, D]."""
    table = value.new_zeros(value.shape[0], layout.length, *value.shape[2:])
    return table.index_copy_(1, layout.pixels, value).view(
        -1, value.shape[-1])


def _samples(positions: Tensor,
             layout: _Layout) -> Tuple[Tensor, Tensor, Tensor]:
    """Row of the upper left pixel, fractions to the next, what is outside.

    Returns:
        tuple[Tensor, Tensor, Tensor]: int32 [B, Q, M, S]; float and bool
        [B, Q, M, S, 2].
    """
    # Beyond the border all is zero as on it.
    fraction = positions.clamp(torch.full_like(layout.size, -1), layout.size)
    outside = fraction != positions
    corner = fraction.floor()
    fraction -= corner
    x, y = corner.unbind(-1)
    # Places of one image are few enough to be exact in float32.
    place = torch.addcmul(x, y, layout.row).add_(layout.first).int()
    batch_size, _, heads, _ = place.shape
    image = torch.arange(batch_size, dtype=torch.int32, device=place.device)
    start = image.mul_(layout.length * heads).view(-1, 1, 1, 1)
    return place.mul_(heads).add_(layout.head).add_(start), fraction, outside


def _corner_places(place: Tensor, layout: _Layout) -> Tensor:
    """Rows of the four pixels around each sample, int32 [B, Q, M, 4, S]."""
    return place.unsqueeze(3) + layout.corners


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
    num_rows = batch_size * layout.length * heads
    order = _order(place.flatten())
    # bincount() would make a GPU wait.
    counts = order.new_zeros(num_rows).scatter_add_(
        0, place.flatten().long(), order.new_ones(1).expand(len(order)))
    offsets = counts.cumsum(0).sub_(counts).int()
    query = torch.div(
        order.int(), len(order) // len(grad), rounding_mode='trunc')
    # Complex numbers, because rows of two are gathered slowly.
    pairs = torch.view_as_complex(fraction).flatten().index_select(0, order)
    shares = _corner_shares(
        torch.view_as_real(pairs),
        weights.flatten().index_select(0, order))
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
    corners = _corner_places(place, layout)
    size = corners.numel() // len(grad)
    bag = torch.arange(len(grad), dtype=torch.int32, device=grad.device)
    products = torch.ops.aten._embedding_bag_per_sample_weights_backward(
        grad, _padded(value, layout), corners.flatten(), bag * size,
        bag.repeat_interleave(size, output_size=corners.numel()), 0)
    return products.view(corners.shape)


def _sample_gradients(products: Tensor, fraction: Tensor, weights: Tensor,
                      outside: Tensor) -> Tuple[Tensor, Tensor]:
    """Gradients of weights and positions: through the bilinear shares."""
    x, y = fraction.unbind(-1)
    upper_left, upper_right, lower_left, lower_right = products.unbind(3)
    along_upper = upper_right - upper_left
    along_lower = lower_right - lower_left
    upper = torch.addcmul(upper_left, along_upper, x)
    down = torch.addcmul(lower_left, along_lower, x).sub_(upper)
    of_weights = upper.addcmul_(down, y)
    along = along_upper.addcmul_(along_lower.sub_(along_upper), y)
    # complex() writes pairs several times as fast as stack().
    of_positions = torch.view_as_real(
        torch.complex(along.mul_(weights), down.mul_(weights)))
    return of_weights, of_positions.masked_fill_(outside, 0)


def _order(place: Tensor) -> Tensor:
    """What sorts the places, in no order among equal ones."""
    bits = len(place).bit_length()
    if place.device.type != 'cpu' or type(place) is not Tensor or bits > 32:
        return place.sort()[1]
    # numpy sorts numbers with vector instructions, so they carry their index.
    numbers = (place.numpy().astype(np.int64) << bits) | np.arange(len(place))
    numbers.sort()
    return torch.from_numpy(numbers & ((1 << bits) - 1))
