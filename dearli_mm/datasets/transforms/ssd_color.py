"""The colour augmentation of labelled images."""
from typing import Tuple

import cv2
import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS

from .color import change_pixels, scale_levels


@TRANSFORMS.register_module()
class SSDColorAugment(BaseTransform):
    """Brightness, contrast, saturation and hue, each by a coin.

    Contrast is changed before saturation and hue or after them, by another
    coin. Each step ends in 8 bits: values are clipped to 0..255 and cut off
    to integers. Padding keeps its value. Unlike mmdet's
    ``PhotoMetricDistortion``, channels are never permuted. Source: SSD
    (arXiv 1512.02325) as Mask2Former trains with it.

    Args:
        brightness (float): Levels added, in [-x, x]. Defaults to 32.
        contrast (tuple[float, float]): Range of the factor of the values.
            Defaults to (0.5, 1.5).
        saturation (tuple[float, float]): Range of the factor of the
            saturation. Defaults to (0.5, 1.5).
        hue (int): Shift in [-x, x] of OpenCV's 180 hues, two degrees each.
            Defaults to 18.
        prob (float): Probability of each of the four. Defaults to 0.5.

    Modified Keys: img (uint8 [H, W, 3], BGR)

    Raises:
        TypeError: If the image is not of 8 bits.
    """

    def __init__(self,
                 brightness: float = 32,
                 contrast: Tuple[float, float] = (0.5, 1.5),
                 saturation: Tuple[float, float] = (0.5, 1.5),
                 hue: int = 18,
                 prob: float = 0.5) -> None:
        self.brightness = brightness
        self.contrast = contrast
        self.saturation = saturation
        self.hue = hue
        self.prob = prob

    def transform(self, results: dict) -> dict:
        """Change the image; a new array is made if anything changes."""
        if results['img'].dtype != np.uint8:
            raise TypeError(
                f'SSDColorAugment: img is {results["img"].dtype}, must be '
                'uint8; leave out to_float32=True of the loading transform')
        return change_pixels(results, self._augment)

    def _augment(self, image: np.ndarray) -> np.ndarray:
        if self._chosen():
            offset = _uniform(-self.brightness, self.brightness)
            image = scale_levels(image, 1., offset)
        contrast_first = torch.rand(()) < 0.5
        if contrast_first:
            image = self._change_contrast(image)
        if self._chosen():
            image = scale_saturation(image, _uniform(*self.saturation))
        if self._chosen():
            shift = torch.randint(-self.hue, self.hue + 1, ()).item()
            image = shift_hue(image, shift)
        return image if contrast_first else self._change_contrast(image)

    def _change_contrast(self, image: np.ndarray) -> np.ndarray:
        if not self._chosen():
            return image
        return scale_levels(image, _uniform(*self.contrast), 0.)

    def _chosen(self) -> bool:
        return bool(torch.rand(()) < self.prob)

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(brightness={self.brightness}, '
                f'contrast={self.contrast}, saturation={self.saturation}, '
                f'hue={self.hue}, prob={self.prob})')


def scale_saturation(image: np.ndarray, factor: float) -> np.ndarray:
    """Scale the saturation of OpenCV's 8-bit HSV.

    Args:
        image (np.ndarray): uint8 [H, W, 3], BGR.
        factor (float): 1 changes nothing but rounding.

    Returns:
        np.ndarray: A new image.
    """
    levels = np.arange(256, dtype=np.float32) * factor
    return _look_up_hsv(image, 1, levels.clip(0, 255))


def shift_hue(image: np.ndarray, shift: int) -> np.ndarray:
    """Turn the hue of OpenCV's 8-bit HSV by ``shift`` of its 180 hues."""
    return _look_up_hsv(image, 0, (np.arange(256) + shift) % 180)


def _look_up_hsv(image: np.ndarray, channel: int,
                 levels: np.ndarray) -> np.ndarray:
    """Replace each level of a channel by ``levels[256]``, cut off."""
    table = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    table[0, :, channel] = levels.astype(np.uint8)
    hsv = cv2.LUT(cv2.cvtColor(image, cv2.COLOR_BGR2HSV), table)
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)


def _uniform(low: float, high: float) -> float:
    return low + (high - low) * torch.rand(()).item()
