"""Mask2Former's pixel decoder and mask decoder."""
from typing import Tuple

import torch
import torch.nn.functional as F
from mmdet.models.dense_heads import Mask2FormerHead
from torch import Tensor

from dearli_mm.models.fast_paths import use_fast_paths
from dearli_mm.models.layers import (DeformablePixelDecoder, MaskedAttention,
                                     MaskLogits)
from dearli_mm.models.layers.pixel_decoder import run_layer, sine_positions


class QueryDecoderHead(Mask2FormerHead):
    """mmdet's head with the same parameters and results, in less memory.

    Masks of all predictions are a
    :class:`~dearli_mm.models.layers.MaskLogits`. What queries mean is left to
    subclasses.

    Args:
        with_cp (bool): Whether the layers of pixel decoder and mask decoder
            keep only their inputs for the backward pass and run once more in
            it: less memory, more time, same gradients. Defaults to False.
        **kwargs: Of :class:`mmdet.models.Mask2FormerHead`.

    Raises:
        ValueError: If ``with_cp`` is asked of another pixel decoder.
    """

    def __init__(self, with_cp: bool = False, **kwargs) -> None:
        super().__init__(**kwargs)
        self.with_cp = with_cp
        for layer in self.transformer_decoder.layers:
            layer.cross_attn.__class__ = MaskedAttention
            layer.self_attn.__class__ = MaskedAttention
        if isinstance(self.pixel_decoder, DeformablePixelDecoder):
            self.pixel_decoder.with_cp = with_cp
        elif with_cp:
            raise ValueError(
                'panoptic_head.with_cp=True needs panoptic_head.pixel_decoder'
                ".type='DeformablePixelDecoder', not "
                f'{type(self.pixel_decoder).__name__!r}')
        use_fast_paths(self)

    def decode(self, x: Tuple[Tensor, ...]) -> Tuple[Tensor, MaskLogits]:
        """Run pixel decoder and mask decoder.

        Args:
            x (tuple[Tensor]): Backbone features, each [B, C_i, H_i, W_i].

        Returns:
            tuple[Tensor, MaskLogits]: Of every prediction the normalised
            queries, [L, B, Q, C], and their masks.
        """
        features, memories = self.pixel_decoder(x)
        levels = [
            self._level(index, memory, features)
            for index, memory in enumerate(memories)
        ]
        batch_size = features.shape[0]
        query = self.query_feat.weight.expand(batch_size, -1, -1)
        query_pos = self.query_embed.weight.expand(batch_size, -1, -1)
        decoder = self.transformer_decoder
        queries = [decoder.post_norm(query)]
        embeds = [self.mask_embed(queries[0])]
        for index, layer in enumerate(decoder.layers):
            key, value, small = levels[index % self.num_transformer_feat_level]
            query = run_layer(
                layer,
                self.with_cp,
                query=query,
                key=key,
                value=value,
                query_pos=query_pos,
                cross_attn_mask=_inside(embeds[-1], small))
            queries.append(decoder.post_norm(query))
            embeds.append(self.mask_embed(queries[-1]))
        return torch.stack(queries), MaskLogits(torch.stack(embeds), features)

    def _level(self, index: int, memory: Tensor,
               features: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
        """What the queries look at: key, value [B, K, C], mask features
        [B, C, K]; shared by the decoder layers of one level."""
        value = self.decoder_input_projs[index](memory)
        value = value.flatten(2).transpose(1, 2)
        value = value + self.level_embed.weight[index]
        size = memory.shape[-2:]
        key = value + sine_positions(self.decoder_positional_encoding, size,
                                     memory.device)
        # Logits are linear in the features: to resize these once is to
        # resize the masks of every query and layer.
        small = F.interpolate(
            features.detach(), size, mode='bilinear', align_corners=False)
        return key, value, small.flatten(2)


@torch.no_grad()
def _inside(embed: Tensor, features: Tensor) -> Tensor:
    """Pixels of each query's mask, bool [B, Q, K]; all of them if none is."""
    inside = embed @ features >= 0
    return inside | ~inside.any(-1, keepdim=True)
