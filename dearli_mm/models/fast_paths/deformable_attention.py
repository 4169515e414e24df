"""mmcv's deformable attention, by the fastest way that a machine has."""
import logging
import os
from functools import lru_cache
from typing import Optional, Sequence, Tuple

import torch
from mmcv.ops import MultiScaleDeformableAttention
from mmengine.logging import print_log
from torch import Tensor

from dearli_mm.compat import ops_status
from dearli_mm.functional.deformable_attention import deformable_attention

SWITCH = 'DEARLI_MM_ATTENTION'
WAYS = dict(
    mmcv="mmcv's compiled operator",
    triton="the package's Triton kernel",
    pytorch='PyTorch alone, in bags of pixels')


class FastDeformableAttention(MultiScaleDeformableAttention):
    """mmcv's layer; see :func:`way_on` for what computes it.

    Positions and weights of samples are in float32 also inside of an autocast
    region: 8 bits of mantissa do not resolve places between pixels. The
    Triton kernel takes features in the type of the region, the other ways
    take all of the layer in float32.
    """

    def forward(self, query: Tensor, *args, **kwargs) -> Tensor:
        """See mmcv; ``level_shapes`` are the sizes as Python numbers."""
        way = way_on(query.device)
        if way == 'triton':
            return self._forward(query, *args, **kwargs)
        forward = super().forward if way == 'mmcv' else self._forward
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
        value = value.unflatten(-1, (self.num_heads, -1))
        with torch.autocast(query.device.type, enabled=False):
            samples = self._samples(query.float(), reference_points.float(),
                                    spatial_shapes)
        out = self._weighted_sum(value, spatial_shapes, level_shapes, *samples)
        return self.dropout(self.output_proj(out)) + identity

    def _samples(self, query: Tensor, reference_points: Tensor,
                 spatial_shapes: Tensor) -> Tuple[Tensor, Tensor]:
        """Where each query looks, in pixels, and with what weights.

        Returns:
            tuple[Tensor, Tensor]: [B, Q, M, L, P, 2] and [B, Q, M, L, P].
        """
        shape = (self.num_heads, self.num_levels, self.num_points)
        weights = self.attention_weights(query).unflatten(
            -1, (self.num_heads, -1)).softmax(-1).unflatten(-1, shape[1:])
        offsets = self.sampling_offsets(query).unflatten(-1, (*shape, 2))
        # In pixels, 0 at the centre of the first.
        origins = reference_points * spatial_shapes.flip(-1) - 0.5
        return origins[:, :, None, :, None] + offsets, weights

    def _weighted_sum(self, value: Tensor, spatial_shapes: Tensor,
                      level_shapes: Optional[Sequence[Tuple[int, int]]],
                      *samples: Tensor) -> Tensor:
        """What the queries see, [B, Q, C], of values [B, K, M, C / M]."""
        if way_on(value.device) == 'triton':
            from .triton_attention import deformable_attention as by_triton
            return by_triton(value, spatial_shapes, *samples)
        return deformable_attention(
            value, level_shapes or spatial_shapes.tolist(), *samples)


@lru_cache(maxsize=None)
def way_on(device: torch.device) -> str:
    """What computes deformable attention on a device; said in the log once.

    On a GPU mmcv's compiled operator if mmcv has it, else the Triton kernel if
    it gives what PyTorch gives (tried once) and nobody asked for deterministic
    algorithms; else, and on a CPU, PyTorch. The environment variable
    ``DEARLI_MM_ATTENTION`` names another way: 'mmcv', 'triton' or 'pytorch'.

    Args:
        device (torch.device): Of the features.

    Returns:
        str: A key of :data:`WAYS`.

    Raises:
        ValueError: If the variable names something else, or a way that this
            machine does not have.
    """
    way = os.environ.get(SWITCH) or _best_way(device)
    if way not in WAYS:
        raise ValueError(f'{SWITCH}={way!r} is none of {sorted(WAYS)}')
    compiled = device.type == 'cuda' and ops_status() == 'real'
    if way == 'mmcv' and not compiled:
        raise ValueError(
            f"{SWITCH}='mmcv', but mmcv has no compiled operator for "
            f'{device.type}: install full mmcv (docs/install.md), or unset it')
    print_log(f'Deformable attention on {device}: {WAYS[way]}', 'current')
    return way


def _best_way(device: torch.device) -> str:
    if device.type != 'cuda':
        return 'pytorch'
    if ops_status() == 'real':
        return 'mmcv'
    if torch.are_deterministic_algorithms_enabled():
        return 'pytorch'
    try:
        from .triton_attention import check
        check(device)
    except Exception as error:  # of a compiler, a driver, or a wrong result
        print_log(
            'The Triton kernel of deformable attention does not work here: '
            f'{type(error).__name__}: {error}', 'current', logging.WARNING)
        return 'pytorch'
    return 'triton'


def _float(value):
    if isinstance(value, Tensor) and value.is_floating_point():
        return value.float()
    return value
