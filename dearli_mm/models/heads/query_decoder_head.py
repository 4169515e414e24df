"""Mask2Former's pixel decoder and mask decoder, on a shorter way."""
from typing import NamedTuple, Tuple

import torch
import torch.nn.functional as F
from mmcv.ops import MultiScaleDeformableAttention
from mmdet.models.dense_heads import Mask2FormerHead
from torch import Tensor

from dearli_mm.models.forward_modes import checkpoint_activations
from dearli_mm.models.layers import (MaskLogits, activate_out_of_place,
                                     attend_without_weights,
                                     multiply_by_onednn, sample_in_bags)
from dearli_mm.models.layers.positions import sine_positions


class _Level(NamedTuple):
    """What the queries look at: key, value [B, K, C]; features [B, C, K]."""
    key: Tensor
    value: Tensor
    mask_features: Tensor


class QueryDecoderHead(Mask2FormerHead):
    """mmdet's head with the same parameters and results, in less time.

    Masks of all predictions are a
    :class:`~dearli_mm.models.layers.MaskLogits`. What queries mean is left to
    subclasses; docs/performance.md tells what each of the ways is worth.
    """

    def choose_forward_modes(self, with_cp: bool) -> None:
        """Let the layers take the shorter ways.

        Args:
            with_cp (bool): Whether layers keep only their inputs for the
                backward pass, and run once more in it.
        """
        multiply_by_onednn(self)
        activate_out_of_place(self)
        for module in self.pixel_decoder.modules():
            if isinstance(module, MultiScaleDeformableAttention):
                sample_in_bags(module)
        for layer in self.transformer_decoder.layers:
            attend_without_weights(layer.cross_attn)
            attend_without_weights(layer.self_attn)
        if with_cp:
            for layer in (*self.pixel_decoder.encoder.layers,
                          *self.transformer_decoder.layers):
                checkpoint_activations(layer)

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
        batch_size = len(features)
        query = self.query_feat.weight.expand(batch_size, -1, -1)
        query_pos = self.query_embed.weight.expand(batch_size, -1, -1)
        decoder = self.transformer_decoder
        queries = [decoder.post_norm(query)]
        embeds = [self.mask_embed(queries[0])]
        for index, layer in enumerate(decoder.layers):
            level = levels[index % self.num_transformer_feat_level]
            query = layer(
                query=query,
                key=level.key,
                value=level.value,
                query_pos=query_pos,
                cross_attn_mask=_inside(embeds[-1], level.mask_features))
            queries.append(decoder.post_norm(query))
            embeds.append(self.mask_embed(queries[-1]))
        return torch.stack(queries), MaskLogits(torch.stack(embeds), features)

    def _level(self, index: int, memory: Tensor, features: Tensor) -> _Level:
        """What the decoder layers of one level share."""
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
        return _Level(key, value, small.flatten(2))


@torch.no_grad()
def _inside(embed: Tensor, features: Tensor) -> Tensor:
    """Pixels of each query's mask, bool [B, Q, K]; all of them if none is."""
    inside = embed @ features >= 0
    return inside | ~inside.any(-1, keepdim=True)
