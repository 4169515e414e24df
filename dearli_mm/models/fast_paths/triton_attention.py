"""Deformable attention as one Triton kernel per direction.

A program handles some queries of one head of one image: it reads the four
pixels around each sample and adds them up in registers, so that nothing of
the size of the samples times the channels is ever written. Triton comes with
PyTorch for CUDA and compiles for the GPU at hand; no toolkit is needed.
"""
import torch
import triton
import triton.language as tl
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.testing import assert_close

from dearli_mm.functional.deformable_attention import \
    deformable_attention as by_pytorch

QUERIES = 16  # per program


def deformable_attention(value: Tensor, shapes: Tensor, positions: Tensor,
                         weights: Tensor) -> Tensor:
    """Weighted sum of bilinear samples of feature maps, zero outside.

    The result of :func:`dearli_mm.functional.deformable_attention`; sums are
    in float32 whatever the type of the values. Gradients of the values are
    added up in no fixed order.

    Args:
        value (Tensor): Shape [B, K, M, D]: of M heads, the pixels of all
            levels in a row, K together. float32, bfloat16 or float16.
        shapes (Tensor): int64 [L, 2], height and width of the levels, on the
            device of the values.
        positions (Tensor): float32, (x, y) in pixels of each level, 0 at the
            centre of the first pixel, shape [B, Q, M, L, P, 2].
        weights (Tensor): float32, shape [B, Q, M, L, P].

    Returns:
        Tensor: Shape [B, Q, M * D], of the type of the values.
    """
    return _DeformableAttention.apply(
        value.contiguous(), shapes.contiguous(), positions.contiguous(),
        weights.contiguous())


def check(device: torch.device) -> None:
    """Compare results and gradients with those of PyTorch.

    Args:
        device (torch.device): Where the kernels run.

    Raises:
        AssertionError: If they differ.
        Exception: Of Triton, if it cannot compile or run them.
    """
    generator = torch.Generator().manual_seed(0)  # nobody else's numbers

    def random(*shape: int) -> Tensor:
        return torch.rand(shape, generator=generator).to(device)

    with torch.inference_mode(False), torch.enable_grad():
        shapes = torch.tensor([[5, 4], [2, 3]], device=device)
        inputs = (random(2, 26, 3, 8), 7 * random(2, 17, 3, 2, 2, 2) - 2,
                  random(2, 17, 3, 2, 2))
        for part in inputs:
            part.requires_grad_()
        grad = random(2, 17, 24)
        found = [
            (out, *torch.autograd.grad(out, inputs, grad)) for out in (
                deformable_attention(inputs[0], shapes, *inputs[1:]),
                by_pytorch(inputs[0], [(5, 4), (2, 3)], *inputs[1:]))
        ]
    for ours, theirs in zip(*found):
        assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


class _DeformableAttention(torch.autograd.Function):

    @staticmethod
    def forward(ctx, value, shapes, positions, weights):
        ctx.save_for_backward(value, shapes, positions, weights)
        out = value.new_empty(*positions.shape[:3], value.shape[-1])
        _launch(_forward_kernel, value, shapes, positions, weights, out)
        return out.flatten(2)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        value, shapes, positions, weights = ctx.saved_tensors
        of_value = torch.zeros_like(value, dtype=torch.float32)
        of_positions = torch.empty_like(positions)
        of_weights = torch.empty_like(weights)
        _launch(_backward_kernel, value, shapes, positions, weights,
                grad.contiguous(), of_value, of_positions, of_weights)
        return of_value.to(value.dtype), None, of_positions, of_weights


def _launch(kernel, value: Tensor, shapes: Tensor, positions: Tensor,
            weights: Tensor, *more: Tensor) -> None:
    batch_size, pixels, heads, channels = value.shape
    _, queries, _, levels, points, _ = positions.shape
    grid = (triton.cdiv(queries, QUERIES), batch_size * heads)
    if not all(grid):
        return
    # Triton launches on the current device, which need not be the tensors'.
    with torch.cuda.device_of(value):
        kernel[grid](value, shapes, positions, weights, *more, pixels,
                     queries, heads, channels, levels, points, QUERIES,
                     triton.next_power_of_2(channels))


@triton.jit
def _corner(x, y, corner: tl.constexpr, height, width):
    # One of the four pixels around each sample: its shares, and its place.
    column, line = tl.floor(x) + corner % 2, tl.floor(y) + corner // 2
    # Compared as floats, for a sample may be anywhere.
    inside = (column >= 0) & (column < width) & (line >= 0) & (line < height)
    pixel = tl.where(inside, line * width + column, 0.).to(tl.int32)
    return 1 - tl.abs(x - column), 1 - tl.abs(y - line), inside, pixel


@triton.jit
def _forward_kernel(value, shapes, positions, weights, out, pixels, queries,
                    heads, channels, levels, points, QUERIES: tl.constexpr,
                    CHANNELS: tl.constexpr):
    image = (tl.program_id(1) // heads).to(tl.int64)
    head = tl.program_id(1) % heads
    query = tl.program_id(0) * QUERIES + tl.arange(0, QUERIES)
    channel = tl.arange(0, CHANNELS)
    row = (image * queries + query) * heads + head  # [QUERIES]
    asked = query < queries
    tile = asked[:, None] & (channel < channels)[None, :]
    maps = value + (image * pixels * heads + head) * channels + channel[None]
    total = tl.zeros((QUERIES, CHANNELS), tl.float32)
    for level in range(levels):
        height = tl.load(shapes + 2 * level).to(tl.int32)
        width = tl.load(shapes + 2 * level + 1).to(tl.int32)
        for point in range(points):
            sample = (row * levels + level) * points + point
            weight = tl.load(weights + sample, asked, 0.)
            x = tl.load(positions + 2 * sample, asked, 0.)
            y = tl.load(positions + 2 * sample + 1, asked, 0.)
            for corner in tl.static_range(4):
                share_x, share_y, inside, pixel = _corner(
                    x, y, corner, height, width)
                place = pixel * heads * channels
                read = tl.load(maps + place[:, None],
                               tile & inside[:, None], 0.)
                total += (weight * (share_x * share_y))[:, None] * read.to(
                    tl.float32)
        maps += height * width * heads * channels
    out += row[:, None] * channels + channel[None]
    tl.store(out, total.to(out.dtype.element_ty), tile)


@triton.jit
def _backward_kernel(value, shapes, positions, weights, grad, of_value,
                     of_positions, of_weights, pixels, queries, heads,
                     channels, levels, points, QUERIES: tl.constexpr,
                     CHANNELS: tl.constexpr):
    image = (tl.program_id(1) // heads).to(tl.int64)
    head = tl.program_id(1) % heads
    query = tl.program_id(0) * QUERIES + tl.arange(0, QUERIES)
    channel = tl.arange(0, CHANNELS)
    row = (image * queries + query) * heads + head  # [QUERIES]
    asked = query < queries
    tile = asked[:, None] & (channel < channels)[None, :]
    start = (image * pixels * heads + head) * channels + channel[None]
    grad = tl.load(grad + row[:, None] * channels + channel[None], tile,
                   0.).to(tl.float32)
    for level in range(levels):
        height = tl.load(shapes + 2 * level).to(tl.int32)
        width = tl.load(shapes + 2 * level + 1).to(tl.int32)
        for point in range(points):
            sample = (row * levels + level) * points + point
            weight = tl.load(weights + sample, asked, 0.)
            x = tl.load(positions + 2 * sample, asked, 0.)
            y = tl.load(positions + 2 * sample + 1, asked, 0.)
            of_weight = tl.zeros((QUERIES, ), tl.float32)
            of_x = tl.zeros((QUERIES, ), tl.float32)
            of_y = tl.zeros((QUERIES, ), tl.float32)
            for corner in tl.static_range(4):
                share_x, share_y, inside, pixel = _corner(
                    x, y, corner, height, width)
                used = tile & inside[:, None]
                place = start + (pixel * heads * channels)[:, None]
                read = tl.load(value + place, used, 0.).to(tl.float32)
                product = tl.sum(grad * read, 1)
                of_weight += share_x * share_y * product
                of_x += (2 * (corner % 2) - 1) * share_y * product
                of_y += (2 * (corner // 2) - 1) * share_x * product
                tl.atomic_add(
                    of_value + place,
                    (weight * share_x * share_y)[:, None] * grad, used)
            tl.store(of_weights + sample, of_weight, asked)
            tl.store(of_positions + 2 * sample, weight * of_x, asked)
            tl.store(of_positions + 2 * sample + 1, weight * of_y, asked)
        start += height * width * heads * channels
