"""mmcv's deformable attention with our sampling where it has no operator."""
from types import MethodType
from typing import Optional, Sequence, Tuple

import torch
from mmcv.ops import MultiScaleDeformableAttention
from mmcv.ops.multi_scale_deform_attn import MultiScaleDeformableAttnFunction
from torch import Tensor

from dearli_mm.functional.deformable_attention import (attention_weights,
                                                       deformable_attention)


def sample_in_bags(layer: MultiScaleDeformableAttention) -> None:
    """Let a layer sample by :func:`deformable_attention` on a CPU.

    It computes in float32 inside of an autocast region: it reads features
    between pixels, at positions that 8 bits of mantissa do not resolve, and
    the operator has no bfloat16. With ``level_shapes`` among its arguments
    nothing is asked of the device; with ``origins`` (see
    :func:`sample_origins`) the layers of an encoder share them.

    Args:
        layer (MultiScaleDeformableAttention): Changed in place.
    """
    layer.forward = MethodType(_full_precision, layer)


def _full_precision(layer: MultiScaleDeformableAttention, query: Tensor,
                    *args, **kwargs) -> Tensor:
    with torch.autocast(query.device.type, enabled=False):
        return _forward(layer, query.float(), *map(_float, args),
                        **{name: _float(v) for name, v in kwargs.items()})


def _float(value):
    if isinstance(value, Tensor) and value.is_floating_point():
        return value.float()
    return value


def _forward(layer: MultiScaleDeformableAttention,
             query: Tensor,
             key: Optional[Tensor] = None,
             value: Optional[Tensor] = None,
             identity: Optional[Tensor] = None,
             query_pos: Optional[Tensor] = None,
             key_padding_mask: Optional[Tensor] = None,
             reference_points: Optional[Tensor] = None,
             spatial_shapes: Optional[Tensor] = None,
             level_start_index: Optional[Tensor] = None,
             level_shapes: Optional[Sequence[Tuple[int, int]]] = None,
             origins: Optional[Tensor] = None,
             **kwargs) -> Tensor:
    """As mmcv's, of [B, Q, C] and points (x, y)."""
    value = query if value is None else value
    identity = query if identity is None else identity
    query = query if query_pos is None else query + query_pos
    value = layer.value_proj(value)
    if key_padding_mask is not None:
        value = value.masked_fill(key_padding_mask[..., None], 0.0)
    value = value.unflatten(-1, (layer.num_heads, -1))
    samples = (layer.num_heads, layer.num_levels, layer.num_points)
    weights = attention_weights(
        layer.attention_weights(query).unflatten(-1, (layer.num_heads, -1)))
    weights = weights.unflatten(-1, samples[1:])
    offsets = layer.sampling_offsets(query).unflatten(-1, (*samples, 2))
    size = spatial_shapes.flip(-1)
    if value.is_cuda:
        locations = reference_points[:, :, None, :, None] + (
            offsets / size[:, None])
        out = MultiScaleDeformableAttnFunction.apply(
            value, spatial_shapes, level_start_index, locations, weights,
            layer.im2col_step)
    else:
        shapes = level_shapes or spatial_shapes.tolist()
        if origins is None:
            origins = sample_origins(reference_points, size, 1, 1)
        out = deformable_attention(value, shapes, origins + offsets, weights)
    return layer.dropout(layer.output_proj(out)) + identity


def sample_origins(reference_points: Tensor, size: Tensor, heads: int,
                   points: int) -> Tensor:
    """What the offsets of samples are added to.

    Args:
        reference_points (Tensor): (x, y) in [0, 1], shape [B, Q, L, 2].
        size (Tensor): Width and height of the levels, shape [L, 2].
        heads (int): Number of heads M, or 1 to leave them to broadcasting.
        points (int): Number of points P, or 1.

    Returns:
        Tensor: (x, y) in pixels, contiguous, shape [B, Q, M, L, P, 2].
    """
    origins = (reference_points * size - 0.5)[:, :, None, :, None]
    return origins.expand(-1, -1, heads, -1, points, -1).contiguous()
