"""Changes of colour by OpenCV; the ``adjust_*`` are torchvision's.

On one core this is several times as fast as torchvision's own functions. The
results are theirs up to rounding: one level each.
"""
from typing import Callable

import cv2
import numpy as np


def change_pixels(results: dict,
                  change: Callable[[np.ndarray], np.ndarray]) -> dict:
    """Change the colours of an image, but not of its padding.

    Args:
        results (dict): ``img`` uint8 [H, W, 3]; ``img_shape`` tells which
            part at the upper left is image (all of it, if it is missing).
        change (Callable): Gives a changed image of the same size.

    Returns:
        dict: ``results`` with another ``img``; the old array is unchanged.
    """
    image = results['img']
    height, width = results.get('img_shape', image.shape)[:2]
    changed = change(image[:height, :width])
    if changed.shape != image.shape:
        padded = image.copy()
        padded[:height, :width] = changed
        changed = padded
    results['img'] = changed
    return results


def adjust_brightness(image: np.ndarray, factor: float) -> np.ndarray:
    """Scale the values.

    Args:
        image (np.ndarray): uint8 [H, W, 3], BGR; so in all functions here.
        factor (float): 1 changes nothing; so here as well.

    Returns:
        np.ndarray: A new image.
    """
    return scale_levels(image, factor, 0.)


def adjust_contrast(image: np.ndarray, factor: float) -> np.ndarray:
    """Scale the distance of the values to the mean grey."""
    mean = cv2.mean(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))[0]
    return scale_levels(image, factor, (1 - factor) * mean)


def adjust_saturation(image: np.ndarray, factor: float) -> np.ndarray:
    """Scale the distance of the values to the grey of their pixel."""
    # OpenCV rounds where torchvision cuts off.
    return cv2.addWeighted(image, factor, to_gray(image), 1 - factor, -0.5)


def adjust_hue(image: np.ndarray, shift: float) -> np.ndarray:
    """Turn the hue by a part of the colour circle, -0.5..0.5."""
    # In float: the 8-bit HSV of OpenCV has some 180 hues.
    hsv = cv2.cvtColor(image.astype(np.float32), cv2.COLOR_BGR2HSV)
    # Up to two turns are understood, hues below 0 are not.
    hsv[..., 0] += shift % 1 * 360
    bgr = cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)
    return cv2.convertScaleAbs(bgr)  # rounds; nothing is negative


def to_gray(image: np.ndarray) -> np.ndarray:
    """Grey of three equal channels."""
    gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    return cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR)


def scale_levels(image: np.ndarray, factor: float,
                 offset: float) -> np.ndarray:
    """``factor * image + offset``, clipped to 0..255 and cut off."""
    table = np.arange(256, dtype=np.float32) * factor + offset
    return cv2.LUT(image, table.clip(0, 255).astype(np.uint8))
