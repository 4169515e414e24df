"""Names inside of segments."""
from typing import Optional, Sequence, Tuple

import cv2
import numpy as np
from PIL import Image, ImageDraw
from scipy.ndimage import find_objects

from .drawing import FONT_SIZE
from .fonts import font_for

PAPER, INK = (255, 255, 255), (0, 0, 0)


def label_segments(picture: np.ndarray,
                   segment_map: np.ndarray,
                   texts: Sequence[str],
                   font_size: Optional[int] = None) -> np.ndarray:
    """Write a text into each segment, where that is widest.

    Segments in which the largest circle is lower than the text stay without.

    Args:
        picture (np.ndarray): uint8 RGB ``[H, W, 3]``; it is not changed.
        segment_map (np.ndarray): Integer ``[H, W]``, 0 is void, 1..n.
        texts (Sequence[str]): ``[n]``.
        font_size (int, optional): In pixels. By default one that can be read
            when the whole picture is looked at.

    Returns:
        np.ndarray: uint8 RGB ``[H, W, 3]``.
    """
    width = picture.shape[1]
    font_size = font_size or max(FONT_SIZE, width // 50)
    font = font_for(texts, font_size)
    canvas = Image.fromarray(picture)
    draw = ImageDraw.Draw(canvas)
    places = find_objects(segment_map.astype(np.int32), len(texts))
    for k, (place, text) in enumerate(zip(places, texts)):
        if place is None:
            continue
        x, y, radius = _widest_place(segment_map[place] == k + 1)
        if 2 * radius < font_size:
            continue
        # A long name at the border of the picture is moved inside.
        half = font.getlength(text) / 2 + 2
        x = min(max(x + place[1].start, half), max(half, width - half))
        draw.text((x, y + place[0].start), text, PAPER, font, anchor='mm',
                  stroke_width=max(1, font_size // 10), stroke_fill=INK)
    return np.asarray(canvas)


def _widest_place(mask: np.ndarray) -> Tuple[int, int, float]:
    """Centre and radius of the largest circle inside of a mask."""
    # A border of zeros: the edge of the picture ends a segment as well.
    padded = np.pad(mask.astype(np.uint8), 1)
    distance = cv2.distanceTransform(padded, cv2.DIST_L2, 3)
    _, radius, _, (x, y) = cv2.minMaxLoc(distance)
    return x - 1, y - 1, radius
