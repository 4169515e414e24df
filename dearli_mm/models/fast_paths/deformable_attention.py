"""mmcv's deformable attention, sampled in bags."""
from typing import Optional, Sequence, Tuple

import torch
from mmcv.ops import MultiScaleDeformableAttention
from torch import Tensor, nn

from dearli_mm.compat import ops_status
from dearli_mm.functional.deformable_attention import deformable_attention

HAS_COMPILED_OPERATOR = ops_status() == 'real'


class FastDeformableAttention(MultiScaleDeformableAttention):
    """mmcv's layer by :func:`deformable_attention`, in full precision.

    On a GPU for which mmcv has a compiled operator that one is used. Inside
    of an autocast region both compute in float32: they read features between
    pixels, at positions that 8 bits of mantissa do not resolve, and the
    operator has no bfloat16.
    """

    @classmethod
    def fits(cls, module: nn.Module) -> bool:
        """Whether a module may become one of this class."""
        return type(
            module) is MultiScaleDeformableAttention and module.batch_first

    def forward(self, query: Tensor, *args, **kwargs) -> Tensor:
        """See mmcv; ``level_shapes`` are the sizes as Python numbers."""
        forward = super().forward if (
            query.is_cuda and HAS_COMPILED_OPERATOR) else self._forward
        with torch.autocast(query.device.type, enabled=False):
            return forward(_float(query), *map(_float, args),
                           **{name: _float(v) for name, v in kwargs.items()})

    def _forward(self,
                 query: Tensor,
                 key: Optional[Tensor] = None,
                 value: Optional[Tensor] = None,
                 identity: Optional[Tensor] = None,
                 query_pos: Optional[Tensor] = None,
                 key_padding_mask: Optional[Tensor] = None,
                 reference_points: Optional[Tensor] = None,
                 spatial_shapes: Optional[Tensor] = None,
                 level_shapes: Optional[Sequence[Tuple[int, int]]] = None,
                 **kwargs) -> Tensor:
        """As mmcv's, of [B, Q, C] and points (x, y) in [0, 1]."""
        value = query if value is None else value
        identity = query if identity is None else identity
        query = query if query_pos is None else query + query_pos
        value = self.value_proj(value)
        if key_padding_mask is not None:
            value = value.masked_fill(key_padding_mask[..., None], 0.0)
        samples = (self.num_heads, self.num_levels, self.num_points)
        weights = self.attention_weights(query).unflatten(
            -1, (self.num_heads, -1)).softmax(-1).unflatten(-1, samples[1:])
        offsets = self.sampling_offsets(query).unflatten(-1, (*samples, 2))
        # In pixels, 0 at the centre of the first.
        origins = reference_points * spatial_shapes.flip(-1) - 0.5
        out = deformable_attention(
            value.unflatten(-1, (self.num_heads, -1)), level_shapes
            or spatial_shapes.tolist(), origins[:, :, None, :, None] + offsets,
            weights)
        return self.dropout(self.output_proj(out)) + identity


def _float(value):
    if isinstance(value, Tensor) and value.is_floating_point():
        return value.float()
    return value
