"""Composes scenes of photographs, with exact masks.

Two kinds of ground meet at a wavy line, and 2 to 6 objects lie on them, some
over others, some cut off by the edge. A scene is a pure function of subset,
seed and index.
"""
from __future__ import annotations

from typing import List, NamedTuple, Optional, Tuple

import cv2
import numpy as np

from .sources import CLASSES, STUFF, THINGS, CutOut, Photos

_SUBSETS = {'train': 0, 'val': 1, 'captions': 2}
_STUFF = tuple(STUFF)
_THINGS = tuple(THINGS)
_UPRIGHT = {'bird', 'mammal', 'vehicle'}  # hardly turned
_OBJECT_SIDE = (0.22, 0.56)  # longer side, as a share of the scene's
_MIN_VISIBLE = 0.4  # of an object that another is laid over
_MIN_AREA = 0.0016  # of a segment, as a share of the scene
_ATTEMPTS = 12  # to find a place


class Scene(NamedTuple):
    """A scene.

    Attributes:
        image (np.ndarray): uint8 ``[H, W, 3]``, RGB.
        segment_map (np.ndarray): int32 ``[H, W]``; 0 is void, 1..n are
            segments: stuff first, then things from back to front.
        labels (list[int]): ``[n]``, indices into ``CLASSES``.
        objects (list[CutOut | None]): ``[n]``; None for stuff.
    """
    image: np.ndarray
    segment_map: np.ndarray
    labels: List[int]
    objects: List[Optional[CutOut]]

    @property
    def masks(self) -> np.ndarray:
        """Masks of the segments, bool ``[n, H, W]``."""
        ids = np.arange(1, len(self.labels) + 1)
        return self.segment_map == ids[:, None, None]


def compose_scene(photos: Photos, subset: str, index: int, seed: int = 0,
                  size: int = 192,
                  object_side: Tuple[float, float] = _OBJECT_SIDE) -> Scene:
    """Compose scene ``index`` of an endless set.

    Args:
        photos (Photos): What it is made of.
        subset (str): ``'train'``, ``'val'`` or ``'captions'``: sets of scenes
            that have no scene in common.
        index (int): Position in the set.
        seed (int): Number of the set.
        size (int): Side in pixels.
        object_side (tuple[float, float]): Range of the longer side of
            objects, as a share of the scene's.
    """
    rng = np.random.default_rng([seed, _SUBSETS[subset], index])
    canvas, segment_map, labels = _lay_ground(rng, photos, size)
    objects: List[Optional[CutOut]] = [None] * len(labels)
    for _ in range(rng.integers(2, 7)):
        name = _THINGS[rng.integers(len(_THINGS))]
        choices = photos.things[name]
        cut_out = choices[rng.integers(len(choices))]
        pixels = vary_object(rng, cut_out, size, object_side)
        if _lay_object(rng, pixels, canvas, segment_map, len(labels) + 1):
            labels.append(CLASSES.index(name))
            objects.append(cut_out)
    segment_map, kept = _drop_slivers(segment_map, len(labels))
    noise = rng.normal(0, rng.uniform(0, 4), canvas.shape)
    image = np.clip(canvas + noise, 0, 255).astype(np.uint8)
    return Scene(image, segment_map, [labels[k] for k in kept],
                 [objects[k] for k in kept])


def vary_object(rng: np.random.Generator, cut_out: CutOut, size: int,
                side: Tuple[float, float] = _OBJECT_SIDE) -> np.ndarray:
    """One view of an object: turned, flipped, resized, in other light.

    Returns:
        np.ndarray: float32 ``[h, w, 4]``, RGB in 0..255 and opacity in 0..1.
    """
    reach = 15 if cut_out.label in _UPRIGHT else 180
    pixels = _turn(cut_out.pixels, rng.uniform(-reach, reach))
    if rng.random() < 0.5:
        pixels = pixels[:, ::-1]
    longer = np.exp(rng.uniform(*np.log(side))) * size
    scale = longer / max(pixels.shape[:2])
    # Colours are weighted with opacity, so that none seeps in from outside.
    alpha = pixels[..., 3:].astype(np.float32) / 255
    solid = np.concatenate((pixels[..., :3] * alpha, alpha), -1)
    solid = cv2.resize(solid, None, fx=scale, fy=scale,
                       interpolation=cv2.INTER_AREA)
    alpha = solid[..., 3:]
    rgb = solid[..., :3] / np.maximum(alpha, 1e-3)
    return np.concatenate((vary_light(rng, rgb), alpha), -1)


def cut_ground(rng: np.random.Generator, patches: List[np.ndarray],
               height: int, width: int) -> np.ndarray:
    """A random window of one of the patches, float32 ``[H, W, 3]``."""
    patch = patches[rng.integers(len(patches))]
    scale = rng.uniform(0.5, 1)
    if min(patch.shape[:2]) < 150:  # keep what little there is
        scale = rng.uniform(0.8, 1)
    shape = np.array(patch.shape[:2])
    wanted = np.array((height, width))
    window = (wanted * (scale * (shape / wanted).min())).astype(int)
    top, left = rng.integers(shape - window + 1)
    view = patch[top:top + window[0], left:left + window[1]]
    if rng.random() < 0.5:
        view = view[:, ::-1]
    method = cv2.INTER_AREA if window[0] > height else cv2.INTER_LINEAR
    view = cv2.resize(np.ascontiguousarray(view), (width, height),
                      interpolation=method)
    return vary_light(rng, view.astype(np.float32))


def vary_light(rng: np.random.Generator, rgb: np.ndarray) -> np.ndarray:
    """Other brightness, contrast and cast; float32 in 0..255."""
    rgb = (rgb - 128) * rng.uniform(0.8, 1.15) + 128
    return np.clip(rgb * rng.uniform(0.75, 1.2) * rng.uniform(0.94, 1.06, 3),
                   0, 255).astype(np.float32)


def _turn(pixels: np.ndarray, angle: float) -> np.ndarray:
    """Rotate RGBA pixels and cut off empty margins."""
    height, width = pixels.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1)
    cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
    new = np.array((width * cos + height * sin, width * sin + height * cos))
    matrix[:, 2] += (new - (width, height)) / 2
    turned = cv2.warpAffine(pixels, matrix, tuple(np.ceil(new).astype(int)))
    rows, columns = np.nonzero(turned[..., 3] > 127)
    if not len(rows):
        return pixels
    return turned[rows.min():rows.max() + 1, columns.min():columns.max() + 1]


def _lay_ground(rng: np.random.Generator, photos: Photos, size: int
                ) -> Tuple[np.ndarray, np.ndarray, List[int]]:
    upper, lower = rng.permutation(len(_STUFF))[:2]
    if _STUFF[lower] == 'sky':
        upper, lower = lower, upper
    x = np.arange(size) / size
    line = rng.uniform(0.3, 0.7) + rng.uniform(-0.2, 0.2) * (x - 0.5)
    for waves in (1.2, 3.1):
        line += rng.uniform(0, 0.05) * np.sin(
            2 * np.pi * (waves * x + rng.random()))
    below = np.arange(size)[:, None] >= line * size
    canvas = cut_ground(rng, photos.stuff[_STUFF[upper]], size, size)
    other = cut_ground(rng, photos.stuff[_STUFF[lower]], size, size)
    canvas[below] = other[below]
    first = len(_THINGS)
    return canvas, below.astype(np.int32) + 1, [first + upper, first + lower]


def _lay_object(rng: np.random.Generator, pixels: np.ndarray,
                canvas: np.ndarray, segment_map: np.ndarray,
                number: int) -> bool:
    """Lay an object where it hides no other too much.

    Returns:
        bool: Whether a place was found; if not, nothing is changed.
    """
    size = len(canvas)
    height, width = pixels.shape[:2]
    for _ in range(_ATTEMPTS):
        row, column = rng.uniform(0.04, 0.96, 2) * size
        top, left = round(row - height / 2), round(column - width / 2)
        inside = pixels[max(0, -top):size - top, max(0, -left):size - left]
        top, left = max(0, top), max(0, left)
        window = np.s_[top:top + inside.shape[0], left:left + inside.shape[1]]
        mask = inside[..., 3] > 0.5
        if mask.sum() >= max(2 * _MIN_AREA * size**2,
                             0.35 * (pixels[..., 3] > 0.5).sum()) and \
                not _hides_too_much(segment_map, window, mask):
            break
    else:
        return False
    alpha = inside[..., 3:]
    canvas[window] = canvas[window] * (1 - alpha) + inside[..., :3] * alpha
    segment_map[window][mask] = number
    return True


def _hides_too_much(segment_map: np.ndarray, window, mask: np.ndarray) -> bool:
    hidden = np.bincount(segment_map[window][mask])
    whole = np.bincount(segment_map.ravel(), minlength=len(hidden))
    hidden = np.pad(hidden, (0, len(whole) - len(hidden)))
    return bool(np.any(hidden > (1 - _MIN_VISIBLE) * whole))


def _drop_slivers(segment_map: np.ndarray,
                  count: int) -> Tuple[np.ndarray, List[int]]:
    """Small rests become void; the others are numbered anew, in order."""
    areas = np.bincount(segment_map.ravel(), minlength=count + 1)[1:]
    keep = areas >= _MIN_AREA * segment_map.size
    numbers = np.concatenate(([0], np.where(keep, keep.cumsum(), 0)))
    return numbers[segment_map].astype(np.int32), np.flatnonzero(keep).tolist()
