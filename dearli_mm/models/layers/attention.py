"""Attention of mmcv's layers that writes no attention weights down."""
from types import MethodType
from typing import Optional

import torch.nn.functional as F
from mmcv.cnn.bricks.transformer import MultiheadAttention
from torch import Tensor

from .onednn import linear


def attend_without_weights(layer: MultiheadAttention) -> None:
    """Let a layer use fused attention; mmcv's asks for the weights.

    The layer keeps its parameters and their names. Masks are then bool
    [B, Q, K], True where a query may look; one mask serves all heads.

    Args:
        layer (MultiheadAttention): Changed in place; with ``batch_first``
            and one width of query, key and value.
    """
    layer.forward = MethodType(_forward, layer)


def _forward(layer: MultiheadAttention,
             query: Tensor,
             key: Optional[Tensor] = None,
             value: Optional[Tensor] = None,
             identity: Optional[Tensor] = None,
             query_pos: Optional[Tensor] = None,
             key_pos: Optional[Tensor] = None,
             attn_mask: Optional[Tensor] = None,
             **kwargs) -> Tensor:
    """As mmcv's, of [B, Q, C] and [B, K, C]."""
    key = query if key is None else key
    value = key if value is None else value
    identity = query if identity is None else identity
    query = query if query_pos is None else query + query_pos
    key = key if key_pos is None else key + key_pos
    attn = layer.attn
    weights, biases = attn.in_proj_weight.chunk(3), attn.in_proj_bias.chunk(3)
    heads = [
        linear(x, *parameters).unflatten(-1, (attn.num_heads, -1)).transpose(
            1, 2) for x, *parameters in zip((query, key,
                                             value), weights, biases)
    ]
    out = F.scaled_dot_product_attention(
        *heads,
        attn_mask=None if attn_mask is None else attn_mask.unsqueeze(1),
        dropout_p=attn.dropout if layer.training else 0.)
    out = attn.out_proj(out.transpose(1, 2).flatten(2))
    return identity + layer.dropout_layer(layer.proj_drop(out))
