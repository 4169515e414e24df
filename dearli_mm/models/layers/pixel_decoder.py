"""mmdet's pixel decoder without masks of a padding that is none."""
from itertools import accumulate
from typing import List, Sequence, Tuple

import torch
import torch.nn.functional as F
from mmdet.models.layers import (MSDeformAttnPixelDecoder,
                                 SinePositionalEncoding)
from mmdet.registry import MODELS
from torch import Tensor
from torch.utils.checkpoint import checkpoint

Sizes = Sequence[Tuple[int, int]]


@MODELS.register_module()
class DeformablePixelDecoder(MSDeformAttnPixelDecoder):
    """:class:`MSDeformAttnPixelDecoder`, for which a GPU need not wait.

    The same layers, parameters and values; sizes stay numbers of Python.
    Source: DEARLi section 3.1 (the pixel decoder of Mask2Former).

    Attributes:
        with_cp (bool): Whether the encoder's layers keep only their inputs
            for the backward pass and run once more in it.
    """
    with_cp = False

    def forward(self, feats: List[Tensor]) -> Tuple[Tensor, List[Tensor]]:
        """Features of masks, and the memory of the encoder.

        Args:
            feats (list[Tensor]): Features of the backbone, [B, C_i, H_i, W_i].

        Returns:
            tuple[Tensor, list[Tensor]]: Mask features [B, C, H, W] at the
            stride of the first level, and ``num_outs`` maps from low to high
            resolution.
        """
        # The encoder takes the coarse levels, and gives them coarse to fine.
        outs = self._encode(feats[::-1][:self.num_encoder_levels])
        rest = feats[:self.num_input_levels - self.num_encoder_levels]
        for feat, lateral_conv, output_conv in zip(
                reversed(rest), reversed(self.lateral_convs),
                reversed(self.output_convs)):
            lateral = lateral_conv(feat)
            upsampled = F.interpolate(
                outs[-1],
                size=lateral.shape[-2:],
                mode='bilinear',
                align_corners=False)
            outs.append(output_conv(lateral + upsampled))
        return self.mask_feature(outs[-1]), outs[:self.num_outs]

    def _encode(self, levels: Sequence[Tensor]) -> List[Tensor]:
        """The encoder's output, as a map of each level, coarse to fine."""
        device = levels[0].device
        sizes = [tuple(level.shape[-2:]) for level in levels]
        lengths = [height * width for height, width in sizes]
        query = torch.cat([
            conv(level).flatten(2).transpose(1, 2)
            for conv, level in zip(self.input_convs, levels)
        ], 1)
        positions = torch.cat([
            sine_positions(self.postional_encoding, size, device) + embed
            for size, embed in zip(sizes, self.level_encoding.weight)
        ], 1)
        centres = pixel_centres(sizes, device)[None, :, None]
        starts = list(accumulate(lengths, initial=0))[:-1]
        # Sizes travel as numbers, too: reading them back from the device, as
        # mmcv does, is a wait per layer.
        layout = dict(
            reference_points=centres.expand(
                query.shape[0], -1, len(sizes), -1),
            spatial_shapes=_on(device, sizes),
            level_start_index=_on(device, starts),
            level_shapes=sizes)
        for layer in self.encoder.layers:
            query = run_layer(layer, self.with_cp, query=query,
                              query_pos=positions, key_padding_mask=None,
                              **layout)
        return [
            part.transpose(1, 2).unflatten(-1, size)
            for part, size in zip(query.split(lengths, 1), sizes)
        ]


def run_layer(layer: torch.nn.Module, with_cp: bool, **kwargs) -> Tensor:
    """Run a layer; with ``with_cp`` it runs once more for the gradient."""
    if with_cp and torch.is_grad_enabled():
        return checkpoint(layer, use_reentrant=False, **kwargs)
    return layer(**kwargs)


def sine_positions(encoding: SinePositionalEncoding, size: Tuple[int, int],
                   device: torch.device) -> Tensor:
    """Position encoding of a map without padding, [1, H * W, C]."""
    no_padding = torch.zeros(1, *size, dtype=torch.bool, device=device)
    return encoding(no_padding).flatten(2).transpose(1, 2)


def pixel_centres(sizes: Sizes, device: torch.device) -> Tensor:
    """Centres (x, y) in [0, 1] of the pixels of some maps, [pixels, 2]."""
    centres = []
    for height, width in sizes:
        y, x = torch.meshgrid(
            (torch.arange(height, device=device) + 0.5) / height,
            (torch.arange(width, device=device) + 0.5) / width,
            indexing='ij')
        centres.append(torch.stack((x, y), -1).flatten(0, 1))
    return torch.cat(centres)


def _on(device: torch.device, numbers: Sequence) -> Tensor:
    return torch.tensor(numbers).to(device, non_blocking=True)
