"""Transforms that mmdet lacks."""
from typing import Sequence, Tuple

import cv2
import mmcv
import numpy as np
import torch
from mmcv.transforms import BaseTransform, Compose
from mmdet.datasets.transforms import Pad
from mmdet.registry import TRANSFORMS

from dearli_mm.utils.lazy import lazy_module

from .color import (adjust_brightness, adjust_contrast, adjust_hue,
                    adjust_saturation, change_pixels, to_gray)
from .loading import IGNORE_INDEX

torchvision = lazy_module('torchvision')
# In the order of ColorJitter.get_params.
_JITTER_STEPS = (adjust_brightness, adjust_contrast, adjust_saturation,
                 adjust_hue)


@TRANSFORMS.register_module()
class StrongPhotometricAugment(BaseTransform):
    """Colour jitter, greyscale and blur of the strong view.

    Changes pixel values only, and those of padding not at all. Source:
    DEARLi section 3.2 (the strong augmentation of FixMatch-style
    segmentation).

    Args:
        brightness (float): Factor in [1 - x, 1 + x]. Defaults to 0.8.
        contrast (float): As brightness. Defaults to 0.8.
        saturation (float): As brightness. Defaults to 0.8.
        hue (float): Shift in [-x, x] turns of the colour circle. Defaults to
            0.2.
        grayscale_prob (float): Defaults to 0.2.
        blur_prob (float): Defaults to 0.5.
        blur_sigma (tuple[float, float]): Range of the deviation of the
            Gaussian, in pixels. Defaults to (0.1, 2.0).

    Modified Keys: img (uint8, BGR)
    """

    def __init__(self,
                 brightness: float = 0.8,
                 contrast: float = 0.8,
                 saturation: float = 0.8,
                 hue: float = 0.2,
                 grayscale_prob: float = 0.2,
                 blur_prob: float = 0.5,
                 blur_sigma: Tuple[float, float] = (0.1, 2.0)) -> None:
        self.jitter = torchvision.transforms.ColorJitter(
            brightness, contrast, saturation, hue)
        self.grayscale_prob = grayscale_prob
        self.blur_prob = blur_prob
        self.blur_sigma = blur_sigma

    def transform(self, results: dict) -> dict:
        """Change the image; a new array is made."""
        return change_pixels(results, self._augment)

    def _augment(self, image: np.ndarray) -> np.ndarray:
        image = self._jitter(image)
        if torch.rand(()) < self.grayscale_prob:
            image = to_gray(image)
        if torch.rand(()) < self.blur_prob:
            low, high = self.blur_sigma
            sigma = low + (high - low) * torch.rand(()).item()
            image = cv2.GaussianBlur(image, (0, 0), sigma)
        return image

    def _jitter(self, image: np.ndarray) -> np.ndarray:
        """What torchvision's ColorJitter does, with its random numbers."""
        jitter = self.jitter
        order, *amounts = jitter.get_params(jitter.brightness, jitter.contrast,
                                            jitter.saturation, jitter.hue)
        changed = image.copy()
        for step in order.tolist():
            if amounts[step] is not None:
                changed = _JITTER_STEPS[step](changed, amounts[step])
        return changed

    def __repr__(self) -> str:
        return (f'{self.__class__.__name__}(color={self.jitter}, '
                f'grayscale_prob={self.grayscale_prob}, '
                f'blur_prob={self.blur_prob}, blur_sigma={self.blur_sigma})')


@TRANSFORMS.register_module()
class RandomScaleCropFlip(Compose):
    """The geometric augmentation of all training views, by one number.

    mmdet's transforms in a row: the short side is resized to a random
    multiple of the crop (the long side to at most ``max_long`` crops), a
    random crop, a horizontal flip, and padding to the size of the crop.
    Shrinking smooths (:class:`AntialiasResize`). Changes of colour may
    follow: they leave the padding as it is. Source: DEARLi section 4
    (large-scale jittering of Mask2Former).

    Args:
        size (int): Side of the crop.
        scales (Sequence[float]): Short sides, in crops. Defaults to 0.5, 0.6,
            ..., 2.0.
        max_long (float): Limit of the long side, in crops. Defaults to 4.
        flip_prob (float): Defaults to 0.5.
    """

    def __init__(self,
                 size: int,
                 scales: Sequence[float] = tuple(s / 10
                                                 for s in range(5, 21)),
                 max_long: float = 4.0,
                 flip_prob: float = 0.5) -> None:
        super().__init__([
            dict(
                type='RandomChoiceResize',
                scales=[(int(max_long * size), int(scale * size))
                        for scale in scales],
                resize_type='mmdet.AntialiasResize',
                keep_ratio=True),
            dict(
                type='mmdet.RandomCrop',
                crop_size=(size, size),
                crop_type='absolute',
                recompute_bbox=True,
                allow_negative_crop=True),
            dict(type='mmdet.RandomFlip', prob=flip_prob),
            dict(type='mmdet.PadToSize', size=(size, size)),
        ])


@TRANSFORMS.register_module()
class PadToSize(Pad):
    """Pad to a fixed size, and keep in mind what is image.

    mmdet's ``Pad`` sets ``img_shape`` to the padded size; here it stays that
    of the image, so that padding can be left without a label. Padding is at
    the right and at the bottom: flip before. Images are padded with 128,
    masks with 0, class maps with the ``ignore_index`` of the result dict (255
    where there is none). Source: DEARLi section 3.2.

    Args:
        size (tuple[int, int]): Width and height.
    """

    def __init__(self, size: Tuple[int, int]) -> None:
        super().__init__(
            size=tuple(size), pad_val=dict(img=(128, 128, 128), masks=0))

    def _pad_seg(self, results: dict) -> None:
        if results.get('gt_seg_map') is not None:
            results['gt_seg_map'] = mmcv.impad(
                results['gt_seg_map'],
                shape=results['pad_shape'][:2],
                pad_val=results.get('ignore_index', IGNORE_INDEX))

    def transform(self, results: dict) -> dict:
        """Pad; ``pad_shape`` tells the padded size."""
        shape = results['img'].shape[:2]
        results = super().transform(results)
        results['img_shape'] = shape
        return results
