"""Changes of colour as torchvision defines them, by OpenCV.

On one core this is several times as fast as torchvision's own functions. The
results are theirs up to rounding: one level each.
"""
import cv2
import numpy as np


def adjust_brightness(image: np.ndarray, factor: float) -> np.ndarray:
    """Scale the values.

    Args:
        image (np.ndarray): uint8 [H, W, 3], BGR; so in all functions here.
        factor (float): 1 changes nothing; so here as well.

    Returns:
        np.ndarray: A new image.
    """
    return _scale(image, factor, 0.)


def adjust_contrast(image: np.ndarray, factor: float) -> np.ndarray:
    """Scale the distance of the values to the mean grey."""
    mean = cv2.mean(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY))[0]
    return _scale(image, factor, (1 - factor) * mean)


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


def _scale(image: np.ndarray, factor: float, offset: float) -> np.ndarray:
    table = np.arange(256, dtype=np.float32) * factor + offset
    return cv2.LUT(image, table.clip(0, 255).astype(np.uint8))
