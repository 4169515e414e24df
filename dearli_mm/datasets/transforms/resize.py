"""Resizing that smooths when it shrinks."""
from typing import Optional, Tuple, Union

import mmcv
import numpy as np
import torch
from mmdet.datasets.transforms import Resize
from mmdet.registry import TRANSFORMS

Scale = Union[int, Tuple[int, int]]


@TRANSFORMS.register_module()
class AntialiasResize(Resize):
    """mmdet's ``Resize`` with the bilinear filter of PIL.

    Bilinear resizing by OpenCV, mmdet's default, looks at four pixels
    however much it shrinks; PIL's averages over all. The result is PIL's up
    to one level, at the cost of OpenCV's (torchvision's 8-bit kernel). Masks
    and class maps are resized to the nearest pixel, as in mmdet. Source: the
    reference implementation of DEARLi, whose images PIL resizes.

    Args:
        scale (int | tuple[int, int], optional): Width and height, or with
            ``keep_ratio`` the limits of the long and the short side.
        scale_factor (float | tuple[float, float], optional): Of width and
            height, where there is no ``scale``.
        keep_ratio (bool): Defaults to False.
        clip_object_border (bool): Whether boxes are clipped to the image.
            Defaults to True.

    Modified Keys: img (uint8 or float [H, W, C]), img_shape, gt_bboxes,
    gt_masks, gt_seg_map

    Added Keys: scale, scale_factor, keep_ratio, homography_matrix
    """

    def __init__(self,
                 scale: Optional[Scale] = None,
                 scale_factor: Union[float, Tuple[float, float], None] = None,
                 keep_ratio: bool = False,
                 clip_object_border: bool = True) -> None:
        super().__init__(
            scale=scale,
            scale_factor=scale_factor,
            keep_ratio=keep_ratio,
            clip_object_border=clip_object_border)

    def _resize_img(self, results: dict) -> None:
        """Resize the image alone to ``results['scale']``."""
        image = results.get('img')
        if image is None:
            return
        height, width = image.shape[:2]
        size = tuple(results['scale'])
        if self.keep_ratio:
            size = mmcv.rescale_size((width, height), size)
        results['img'] = antialias_resize(image, size)
        results['img_shape'] = size[::-1]
        results['scale_factor'] = (size[0] / width, size[1] / height)
        results['keep_ratio'] = self.keep_ratio


def antialias_resize(image: np.ndarray, size: Tuple[int, int]) -> np.ndarray:
    """Resize as ``PIL.Image.resize(size, BILINEAR)`` does.

    Args:
        image (np.ndarray): uint8 or float [H, W, C].
        size (tuple[int, int]): Width and height.

    Returns:
        np.ndarray: Of the same type, [height, width, C].
    """
    # What torch takes: no negative strides, and arrays that are not read-only.
    pixels = torch.from_numpy(np.require(image, requirements='CW'))
    # Here: it takes most of a second, once.
    from torchvision.transforms.v2.functional import resize_image
    resized = resize_image(
        pixels.permute(2, 0, 1), list(size[::-1]), antialias=True)
    return np.ascontiguousarray(resized.permute(1, 2, 0).numpy())
