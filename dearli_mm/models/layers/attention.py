"""Masked attention that writes no attention weights down."""
from typing import Optional

import torch.nn.functional as F
from mmcv.cnn.bricks.transformer import MultiheadAttention
from torch import Tensor


class MaskedAttention(MultiheadAttention):
    """mmcv's layer, by PyTorch's fused attention.

    The same parameters. mmcv asks for the attention weights, which keeps
    PyTorch from fusing, and wants a mask for each head; here one mask serves
    all heads. mmdet's decoder layers make their attention themselves, so
    layers that are made, with ``batch_first`` and one width, change class.
    """

    def forward(self,
                query: Tensor,
                key: Optional[Tensor] = None,
                value: Optional[Tensor] = None,
                identity: Optional[Tensor] = None,
                query_pos: Optional[Tensor] = None,
                key_pos: Optional[Tensor] = None,
                attn_mask: Optional[Tensor] = None,
                **kwargs) -> Tensor:
        """Attend, and add the result to ``identity``.

        Args:
            query (Tensor): Shape [B, Q, C].
            key (Tensor, optional): Shape [B, K, C]. Defaults to the query.
            value (Tensor, optional): Shape [B, K, C]. Defaults to the key.
            identity (Tensor, optional): Shape [B, Q, C]. Defaults to the
                query.
            query_pos (Tensor, optional): Added to the query.
            key_pos (Tensor, optional): Added to the key.
            attn_mask (Tensor, optional): bool [B, Q, K], True where a query
                may look, at one key at least.

        Returns:
            Tensor: Shape [B, Q, C].
        """
        key = query if key is None else key
        value = key if value is None else value
        identity = query if identity is None else identity
        query = query if query_pos is None else query + query_pos
        key = key if key_pos is None else key + key_pos
        attn = self.attn
        heads = [
            F.linear(x, weight, bias).unflatten(-1, (attn.num_heads, -1)).
            transpose(1, 2) for x, weight, bias in zip(
                (query, key, value), attn.in_proj_weight.chunk(3),
                attn.in_proj_bias.chunk(3))
        ]
        out = F.scaled_dot_product_attention(
            *heads,
            attn_mask=None if attn_mask is None else attn_mask.unsqueeze(1),
            dropout_p=attn.dropout if self.training else 0.)
        out = attn.out_proj(out.transpose(1, 2).flatten(2))
        return identity + self.dropout_layer(self.proj_drop(out))
