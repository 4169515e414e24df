"""A procedural panoptic world: small scenes with exact labels, no download.

Eight things lie on two or three kinds of ground. Scenes vary in colour, size,
rotation, overlap, lighting and sensor noise, and are a pure function of
``(seed, index)``. The world serves the quickstart and the tests, and
the tiny CLIP is trained on its renderings.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import List, Tuple

import cv2
import numpy as np

from .shapes import STUFF_PAINTERS, THING_PAINTERS, smooth_noise


@dataclass(frozen=True)
class ToyClass:
    """One class: name, CLIP prompt (name, then synonyms) and colour."""
    name: str
    prompt: str
    colour: Tuple[int, int, int]


THING_CLASSES: Tuple[ToyClass, ...] = (
    ToyClass('ball', 'ball, sphere', (230, 60, 60)),
    ToyClass('star', 'star, starfish', (250, 170, 30)),
    ToyClass('leaf', 'leaf, tree leaf', (120, 200, 40)),
    ToyClass('ring', 'ring, donut', (200, 90, 220)),
    ToyClass('brick', 'brick, brick block', (170, 80, 50)),
    ToyClass('flower', 'flower, blossom', (255, 120, 180)),
    ToyClass('fish', 'fish, goldfish', (60, 200, 230)),
    ToyClass('mushroom', 'mushroom, toadstool', (240, 220, 120)),
)
STUFF_CLASSES: Tuple[ToyClass, ...] = (
    ToyClass('sand', 'sand, beach', (220, 200, 150)),
    ToyClass('water', 'water, sea', (50, 110, 200)),
    ToyClass('grass', 'grass, meadow', (40, 130, 50)),
    ToyClass('night sky', 'night sky, starry sky', (50, 40, 100)),
    ToyClass('pavement', 'pavement, cobblestones', (130, 130, 130)),
)
CLASSES: Tuple[ToyClass, ...] = THING_CLASSES + STUFF_CLASSES
PALETTE: List[Tuple[int, int, int]] = [c.colour for c in CLASSES]

# Sizes below are pixels of a scene of this side; other sides scale them.
_REFERENCE_SIZE = 128
_MIN_AREA = 60
_COUNTS = (2, 3, 4, 5, 6)
_COUNT_ODDS = (0.2, 0.3, 0.27, 0.15, 0.08)


@dataclass(frozen=True)
class Scene:
    """A rendered scene.

    Attributes:
        image: uint8 ``[H, W, 3]``, RGB.
        segment_map: int32 ``[H, W]``; 0 is void, ``1..n`` are segments.
        labels: Class index of segments ``1..n``, things first as in
            :data:`CLASSES`.
    """
    image: np.ndarray
    segment_map: np.ndarray
    labels: List[int]

    @property
    def masks(self) -> np.ndarray:
        """Masks of the segments, bool ``[n, H, W]``."""
        ids = np.arange(1, len(self.labels) + 1)
        return self.segment_map == ids[:, None, None]


def render_scene(seed: int, index: int, size: int = 128) -> Scene:
    """Renders scene ``index`` of the endless set number ``seed``.

    Args:
        seed: Number of the set; train and val use different ones.
        index: Position in the set.
        size: Side length in pixels, at least 64; objects grow with it.

    Returns:
        The scene. Stuff segments come first, then things from back to front.
        Each stuff class is one segment; slivers that things leave of a ground
        are void.

    Raises:
        ValueError: If ``size`` is below 64.
    """
    if size < 64:
        raise ValueError(f'size must be at least 64 pixels, got {size}: '
                         'smaller scenes do not show the textures')
    rng = np.random.default_rng([seed, index])
    canvas, segment_map, labels = _paint_ground(rng, size)
    for _ in range(rng.choice(_COUNTS, p=_COUNT_ODDS)):
        label = int(rng.integers(len(THING_CLASSES)))
        if _paint_thing(rng, canvas, segment_map, len(labels) + 1, label):
            labels.append(label)
    segment_map, labels = _drop_slivers(segment_map, labels)
    return Scene(_expose(rng, canvas), segment_map, labels)


def synonyms_of(label: int) -> List[str]:
    """Returns the names of class ``label``, the main one first."""
    return [name.strip() for name in CLASSES[label].prompt.split(',')]


def _paint_ground(rng: np.random.Generator, size: int
                  ) -> Tuple[np.ndarray, np.ndarray, List[int]]:
    """Splits the canvas between two or three kinds of stuff."""
    count = int(rng.integers(2, 4))
    kinds = rng.permutation(len(STUFF_CLASSES))[:count]
    # Nearest of `count` well-separated sites; noise bends the borders.
    turn = rng.uniform(0, 2 * np.pi) + np.arange(count) * 2 * np.pi / count
    reach = rng.uniform(0.25, 0.5, count) * size
    y, x = np.mgrid[:size, :size].astype(np.float32) - size / 2
    wobble = size * np.stack([
        0.06 * smooth_noise(rng, size, 3) + 0.025 * smooth_noise(rng, size, 10)
        for _ in range(count)
    ])
    gaps = np.stack([
        np.hypot(x - r * np.cos(t), y - r * np.sin(t))
        for r, t in zip(reach, turn)
    ])
    owner = (gaps + wobble).argmin(0)
    canvas = np.zeros((size, size, 3), np.float32)
    for position, kind in enumerate(kinds):
        texture = STUFF_PAINTERS[STUFF_CLASSES[kind].name](size, rng)
        canvas[owner == position] = texture[owner == position]
    return (canvas, owner.astype(np.int32) + 1,
            [len(THING_CLASSES) + int(kind) for kind in kinds])


def _paint_thing(rng: np.random.Generator, canvas: np.ndarray,
                 segment_map: np.ndarray, segment_id: int, label: int) -> bool:
    """Paints one thing in place where it hides no other too much.

    Returns:
        Whether a place was found; if not, nothing is changed.
    """
    size = len(canvas)
    radius = rng.uniform(19, 36) * size / _REFERENCE_SIZE
    turn = rng.uniform(0, 2 * np.pi)
    for _ in range(10):
        centre = rng.uniform(0.08 * size, 0.92 * size, 2)
        top, left = np.maximum(0, centre - 1.5 * radius).astype(int)
        bottom, right = np.minimum(size, centre + 1.5 * radius).astype(int)
        y, x = np.mgrid[top:bottom, left:right].astype(np.float32)
        y, x = (y - centre[0]) / radius, (x - centre[1]) / radius
        u = x * np.cos(turn) + y * np.sin(turn)
        v = y * np.cos(turn) - x * np.sin(turn)
        distance, rgb = THING_PAINTERS[THING_CLASSES[label].name](u, v, rng)
        mask = distance < 0
        under = segment_map[top:bottom, left:right]
        if not _hides_too_much(under, mask, segment_map, radius):
            break
    else:
        return False
    window = canvas[top:bottom, left:right]
    spread = max(3, int(radius * 0.3) | 1)
    shade = cv2.GaussianBlur(mask.astype(np.float32), (spread, spread), 0)
    window *= 1 - rng.uniform(0.2, 0.6) * shade[..., None]
    alpha = np.clip(0.5 - distance * radius, 0, 1)[..., None]
    rim = 0.55 + 0.45 * np.clip(-distance / 0.08, 0, 1)[..., None]
    window[:] = window * (1 - alpha) + rgb * rim * alpha
    under[mask] = segment_id
    return True


def _hides_too_much(under: np.ndarray, mask: np.ndarray,
                    segment_map: np.ndarray, radius: float) -> bool:
    """Whether a new thing is mostly outside, or covers half of any segment."""
    if mask.sum() < 0.75 * radius**2:
        return True
    hidden = np.bincount(under[mask])
    whole = np.bincount(segment_map.ravel(), minlength=len(hidden))
    return bool(np.any(hidden > 0.5 * whole[:len(hidden)]))


def _drop_slivers(segment_map: np.ndarray, labels: List[int]
                  ) -> Tuple[np.ndarray, List[int]]:
    """Makes tiny leftovers void and renumbers the segments ``1..n``."""
    limit = _MIN_AREA * (len(segment_map) / _REFERENCE_SIZE)**2
    areas = np.bincount(segment_map.ravel(), minlength=len(labels) + 1)[1:]
    keep = areas >= limit
    new_ids = np.concatenate([[0], np.where(keep, keep.cumsum(), 0)])
    return (new_ids[segment_map].astype(np.int32),
            [label for label, kept in zip(labels, keep) if kept])


def _expose(rng: np.random.Generator, canvas: np.ndarray) -> np.ndarray:
    """Lights and photographs the canvas: gradient, cast, blur and noise."""
    size = len(canvas)
    light = 1 + 0.22 * smooth_noise(rng, size, 1)
    cast = rng.uniform(0.82, 1.12, 3)
    image = canvas * np.clip(light, 0.45, 1.4)[..., None] * cast
    image = np.clip(image * rng.uniform(0.7, 1.25), 0, 1)
    image = image**rng.uniform(0.8, 1.25)
    if rng.random() < 0.35:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 0.9))
    noise = rng.standard_normal(image.shape) * rng.uniform(0.005, 0.05)
    return (np.clip(image + noise, 0, 1) * 255).round().astype(np.uint8)
