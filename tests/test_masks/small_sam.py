"""A Segment Anything of the package's own classes, small and random."""
from functools import partial

import torch
from segment_anything.modeling import (ImageEncoderViT, MaskDecoder,
                                       PromptEncoder, Sam, TwoWayTransformer)
from torch import nn


def small_random_sam(image_size: int = 128,
                     width: int = 32,
                     depth: int = 2,
                     seed: int = 0) -> nn.Module:
    """A SAM of segment-anything's own classes, small and with random weights.

    Its masks are made blobs that differ from point to point, with logits as
    large as those of a trained one: kernels of the upscaling are averaged,
    its result is normalised, and weights of the decoder are scaled.

    Args:
        image_size (int): Side of the input, a multiple of 16.
        width (int): Of all parts, a multiple of 16.
        depth (int): Of the image encoder.
        seed (int): Of the weights.
    """
    side = image_size // 16
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(seed)
        model = Sam(
            ImageEncoderViT(
                img_size=image_size, embed_dim=width, depth=depth,
                num_heads=2, out_chans=width, use_rel_pos=True,
                window_size=14, global_attn_indexes=(depth - 1, ),
                norm_layer=partial(nn.LayerNorm, eps=1e-6)),
            PromptEncoder(width, (side, side), (image_size, image_size), 16),
            MaskDecoder(
                transformer_dim=width,
                transformer=TwoWayTransformer(
                    depth=2, embedding_dim=width, num_heads=2,
                    mlp_dim=2 * width),
                iou_head_hidden_dim=width))
        for layer in model.mask_decoder.output_upscaling:
            if isinstance(layer, nn.ConvTranspose2d):
                layer.weight[:] = layer.weight.mean((2, 3), keepdim=True)
        for weight in model.mask_decoder.transformer.parameters():
            if weight.ndim == 2:
                weight.mul_(8)
        for mlp in model.mask_decoder.output_hypernetworks_mlps:
            mlp.layers[-1].weight.mul_(40)
    model.mask_decoder.output_upscaling.append(
        nn.InstanceNorm2d(width // 8, track_running_stats=False))
    model.mask_threshold = 4.0
    return model.eval()
