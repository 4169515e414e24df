"""How pixels were normalised, and how to normalise them anew."""
from typing import NamedTuple, Sequence

from mmengine.model import BaseDataPreprocessor
from torch import Tensor


class PixelNorm(NamedTuple):
    """``(pixel - mean) / std`` of pixels in 0..255.

    Attributes:
        mean (Sequence[float]): Of the three channels.
        std (Sequence[float]): Of the three channels.
        rgb (bool): Whether the channels are RGB, else BGR.
    """
    mean: Sequence[float] = (0., 0., 0.)
    std: Sequence[float] = (1., 1., 1.)
    rgb: bool = True


def norm_of_preprocessor(preprocessor: BaseDataPreprocessor) -> PixelNorm:
    """What a data preprocessor of mmengine, mmdet or mmseg does to pixels.

    Images are taken to be loaded as mmcv loads them, BGR.

    Args:
        preprocessor (BaseDataPreprocessor): One that normalises, or none.

    Returns:
        PixelNorm: Of the images that it makes.
    """
    # mmseg's has the same flag without the underscore.
    rgb = getattr(preprocessor, '_channel_conversion',
                  getattr(preprocessor, 'channel_conversion', False))
    if getattr(preprocessor, 'mean', None) is None:
        return PixelNorm(rgb=rgb)
    return PixelNorm(preprocessor.mean.flatten().tolist(),
                     preprocessor.std.flatten().tolist(), rgb)


def renormalize(images: Tensor, old: PixelNorm, new: PixelNorm) -> Tensor:
    """Take one normalisation back and apply another, in one step.

    Args:
        images (Tensor): Shape [B, 3, H, W], normalised by ``old``.
        old (PixelNorm): What was done to them.
        new (PixelNorm): What is wanted.

    Returns:
        Tensor: Same shape.
    """
    if old.rgb != new.rgb:
        images = images.flip(1)
        old = PixelNorm(old.mean[::-1], old.std[::-1], new.rgb)
    scale = [a / b for a, b in zip(old.std, new.std)]
    shift = [(a - b) / c for a, b, c in zip(old.mean, new.mean, new.std)]
    return images * images.new_tensor(scale).view(3, 1, 1) + \
        images.new_tensor(shift).view(3, 1, 1)
