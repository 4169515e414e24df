"""mmdet's pixel decoder without detours."""
from functools import lru_cache
from itertools import accumulate
from typing import List, Optional, Sequence, Tuple

import torch
import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmdet.models.layers import MSDeformAttnPixelDecoder
from mmdet.registry import MODELS
from torch import Tensor, nn

from .deformable import sample_origins
from .onednn import linear
from .positions import SIZES, pixel_centres, sine_positions


@MODELS.register_module()
class DeformablePixelDecoder(MSDeformAttnPixelDecoder):
    """:class:`MSDeformAttnPixelDecoder` with another way to its result.

    The same layers, parameters and values. What follows from the sizes of the
    features is worked out once, sizes stay numbers of Python, so that a GPU
    is never waited for, and there is no mask of a padding that is none.
    """

    def forward(self, feats: List[Tensor]) -> Tuple[Tensor, List[Tensor]]:
        """Features of masks, and the memory of the encoder.

        Args:
            feats (list[Tensor]): Features of the backbone, [B, C_i, H_i, W_i].

        Returns:
            tuple[Tensor, list[Tensor]]: Mask features [B, C, H, W] at the
            stride of the first level, and ``num_outs`` maps from low to high
            resolution.
        """
        levels = feats[::-1][:self.num_encoder_levels]
        shapes = tuple(tuple(feat.shape[-2:]) for feat in levels)
        outs = self._encode(levels, shapes)
        rest = feats[:self.num_input_levels - self.num_encoder_levels]
        for feat, lateral_conv, output_conv in zip(
                reversed(rest), reversed(self.lateral_convs),
                reversed(self.output_convs)):
            lateral = _pointwise(lateral_conv, feat)
            upsampled = F.interpolate(
                outs[-1],
                size=lateral.shape[-2:],
                mode='bilinear',
                align_corners=False)
            outs.append(output_conv(lateral + upsampled))
        return _product(self.mask_feature, outs[-1]), outs[:self.num_outs]

    def _encode(self, levels: Sequence[Tensor],
                shapes: Tuple[Tuple[int, int], ...]) -> List[Tensor]:
        """The encoder's output, as a map of each level."""
        device, batch_size = levels[0].device, len(levels[0])
        query = torch.cat([
            _pointwise(conv, feat).flatten(2).transpose(1, 2)
            for conv, feat in zip(self.input_convs, levels)
        ], 1)
        positions = torch.cat([
            sine_positions(self.postional_encoding, shape, device) + embed
            for shape, embed in zip(shapes, self.level_encoding.weight)
        ], 1)
        centres = pixel_centres(shapes, device)[None, :, None].expand(
            -1, -1, len(shapes), -1)
        lengths = [height * width for height, width in shapes]
        starts = tuple(accumulate(lengths, initial=0))[:-1]
        spatial_shapes = _on(device, shapes)
        memory = self.encoder(
            query=query,
            query_pos=positions,
            key_padding_mask=None,
            reference_points=centres.expand(batch_size, -1, -1, -1),
            spatial_shapes=spatial_shapes,
            level_start_index=_on(device, starts),
            valid_ratios=None,
            level_shapes=shapes,
            origins=self._origins(centres, spatial_shapes))
        return [
            part.transpose(1, 2).unflatten(-1, shape)
            for part, shape in zip(memory.split(lengths, 1), shapes)
        ]

    def _origins(self, centres: Tensor,
                 spatial_shapes: Tensor) -> Optional[Tensor]:
        """Shared by all layers where no operator works them out."""
        if centres.is_cuda:
            return None
        attention = self.encoder.layers[0].self_attn
        return sample_origins(centres, spatial_shapes.flip(-1),
                              attention.num_heads, attention.num_points)


def _pointwise(module: ConvModule, x: Tensor) -> Tensor:
    """A 1x1 convolution and its norm."""
    x = _product(module.conv, x)
    return module.norm(x) if module.with_norm else x


def _product(conv: nn.Conv2d, x: Tensor) -> Tensor:
    """A 1x1 convolution as the product that it is, channels last."""
    x = linear(x.permute(0, 2, 3, 1), conv.weight[:, :, 0, 0], conv.bias)
    return x.permute(0, 3, 1, 2)


@lru_cache(maxsize=SIZES)
def _on(device: torch.device, numbers: Tuple) -> Tensor:
    return torch.tensor(numbers, device=device)
