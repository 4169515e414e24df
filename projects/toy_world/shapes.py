"""Looks of the toy world: procedural things and stuff as pure functions.

A *thing* painter takes local coordinates ``u, v`` (float ``[h, w]``, about
-1..1 across the object) and a generator, and returns ``(distance, rgb)``:
``distance`` ``[h, w]`` is negative inside, in units of the object's radius,
and ``rgb`` ``[h, w, 3]`` lies in about 0..1. A *stuff* painter takes the side
length in pixels and a generator and returns ``rgb`` ``[size, size, 3]``.

Hues overlap between classes on purpose: neither colour nor outline alone gives
a class away, so a handful of labelled images does not cover the variation.
"""
from __future__ import annotations

import colorsys
from typing import Callable, Dict, Tuple

import cv2
import numpy as np

Rng = np.random.Generator
Painted = Tuple[np.ndarray, np.ndarray]


def smooth_noise(rng: Rng, size: int, cells: float) -> np.ndarray:
    """Returns noise ``[size, size]`` of unit variance, ``cells`` per side."""
    nodes = max(2, int(round(cells)) + 1)
    grid = rng.standard_normal((nodes, nodes)).astype(np.float32)
    return cv2.resize(grid, (size, size), interpolation=cv2.INTER_CUBIC)


def _colour(rng: Rng, hues: Tuple[Tuple[float, float], ...],
            saturation: Tuple[float, float] = (0.45, 0.95),
            value: Tuple[float, float] = (0.55, 1.0)) -> np.ndarray:
    """Draws an RGB colour ``[3]`` from one of several hue ranges."""
    low, high = hues[rng.integers(len(hues))]
    return np.float32(colorsys.hsv_to_rgb(
        rng.uniform(low, high) % 1.0, rng.uniform(*saturation),
        rng.uniform(*value)))


def _mix(first: np.ndarray, second: np.ndarray,
         weight: np.ndarray) -> np.ndarray:
    """Blends two colours (or colour maps) by ``weight`` ``[h, w]`` in 0..1."""
    weight = np.clip(weight, 0, 1)[..., None]
    return first * (1 - weight) + second * weight


def _dots(u: np.ndarray, v: np.ndarray, centres: np.ndarray,
          radius: float) -> np.ndarray:
    """Soft union ``[h, w]`` in 0..1 of discs around ``centres`` ``[n, 2]``."""
    gaps = np.hypot(u[..., None] - centres[:, 0], v[..., None] - centres[:, 1])
    return np.clip((radius - gaps.min(-1)) / 0.05 + 0.5, 0, 1)


def _ball(u: np.ndarray, v: np.ndarray, rng: Rng) -> Painted:
    """A beach ball: segments that meet at a pole, shaded as a sphere."""
    radius = np.hypot(u, v)
    pole = rng.uniform(-0.45, 0.45, 2)
    around = np.arctan2(v - pole[1], u - pole[0])
    segments = np.sin(rng.integers(2, 5) * around)
    first = _colour(rng, ((0, 1), ), (0.6, 1.0))
    second = _colour(rng, ((0, 1), ), (0.0, 0.5), (0.8, 1.0))
    rgb = _mix(first, second, segments * 6 + 0.5)
    light = np.sqrt(np.clip(1.05 - (u + 0.25)**2 - (v + 0.3)**2, 0, 1))
    shine = np.exp(-((u + 0.38)**2 + (v + 0.42)**2) / 0.03)
    rgb = rgb * (0.45 + 0.6 * light[..., None])
    return radius - 1, rgb + 0.6 * shine[..., None]


def _star(u: np.ndarray, v: np.ndarray, rng: Rng) -> Painted:
    """A starfish: five straight-edged arms with rows of knobs."""
    radius, half = np.hypot(u, v), np.pi / 5
    angle = np.abs((np.arctan2(v, u) + half) % (2 * half) - half)
    inner = rng.uniform(0.45, 0.58)
    edge = inner * np.sin(half) / (
        inner * np.sin(half - angle) + np.sin(angle))
    rgb = np.broadcast_to(
        _colour(rng, ((-0.02, 0.14), (0.72, 0.85))), u.shape + (3, ))
    ridge = np.exp(-(angle * radius / 0.09)**2)
    knobs = ridge * (np.sin(radius * rng.uniform(22, 30)) > 0)
    rgb = _mix(rgb * (1.05 - 0.45 * (radius / edge)[..., None]),
               np.float32([1, 0.95, 0.8]), 0.75 * knobs)
    return (radius - edge) * 0.6, rgb


def _leaf(u: np.ndarray, v: np.ndarray, rng: Rng) -> Painted:
    """A pointed leaf with a midrib and slanted side veins."""
    width = rng.uniform(0.48, 0.66)
    base = _colour(rng, ((0.0, 0.12), (0.18, 0.4)), (0.5, 0.95), (0.35, 0.85))
    slant = (u - rng.uniform(0.6, 1.0) * np.abs(v)) * rng.uniform(4.5, 6.5)
    veins = np.maximum(np.abs(v) < 0.04, np.abs(slant % 1 - 0.5) > 0.41)
    tint = 0.85 + 0.3 * (np.abs(v) / width)[..., None]
    pale = np.clip(base * 0.5 + np.float32([0.5, 0.5, 0.25]), 0, 1)
    # The bulge is moved towards the stalk, so that the leaf has a direction.
    outline = np.abs(v) - width * (1 - u**2) * (1 - 0.3 * u)
    return outline * 0.7, _mix(base * tint, pale, 0.8 * veins)


def _ring(u: np.ndarray, v: np.ndarray, rng: Rng) -> Painted:
    """A doughnut: a thick ring with a rounded glaze and coloured sprinkles."""
    radius, hole = np.hypot(u, v), rng.uniform(0.28, 0.4)
    across = (radius - hole) / (1 - hole) * 2 - 1
    base = _colour(rng, ((0.03, 0.1), (0.88, 1.0), (0.45, 0.55)), (0.3, 0.75))
    bulge = np.sqrt(np.clip(1 - across**2, 0, 1))
    rgb = base * (0.55 + 0.5 * bulge)[..., None]
    for _ in range(rng.integers(2, 4)):
        angles = rng.uniform(0, 2 * np.pi, 7)
        reach = rng.uniform(hole + 0.15, 0.88, 7)
        centres = np.stack([reach * np.cos(angles), reach * np.sin(angles)], 1)
        rgb = _mix(rgb, _colour(rng, ((0, 1), ), (0.3, 1.0), (0.85, 1.0)),
                   _dots(u, v, centres, 0.07))
    return np.abs(radius - (1 + hole) / 2) - (1 - hole) / 2, rgb


def _brick(u: np.ndarray, v: np.ndarray, rng: Rng) -> Painted:
    """A block of masonry: courses of bricks between pale mortar, speckled."""
    height = rng.uniform(0.62, 0.82)
    courses = rng.integers(3, 5)
    up = (v / height + 1) / 2 * courses
    row = np.floor(up)
    base = _colour(rng, ((-0.02, 0.08), (0.55, 0.65)), (0.15, 0.75),
                   (0.4, 0.8))
    along = (u * 1.3 + 0.5 * (row % 2)) % 1
    seam = np.maximum(np.abs(along - 0.5) > 0.44,
                      np.abs(up - row - 0.5) > 0.39)
    speckle = 1 + 0.16 * rng.standard_normal(u.shape)[..., None]
    outline = np.maximum(np.abs(u) - 1, np.abs(v) - height)
    mortar = np.float32([0.85, 0.83, 0.78]) * rng.uniform(0.75, 1.1)
    return outline, _mix(base * speckle, mortar, seam)


def _flower(u: np.ndarray, v: np.ndarray, rng: Rng) -> Painted:
    """A blossom: round petals about a dark-rimmed, dotted heart."""
    radius, angle = np.hypot(u, v), np.arctan2(v, u)
    petals = rng.integers(5, 9)
    depth = rng.uniform(0.14, 0.22)
    edge = 1 - depth + depth * np.cos(petals * angle)
    base = _colour(rng, ((0.72, 1.0), (0.12, 0.16), (0.55, 0.65)), (0.05, 0.8),
                   (0.75, 1.0))
    between = (0.5 - 0.5 * np.cos(petals * angle))**3
    rgb = base * (1.05 - 0.45 * between)[..., None]
    heart = rng.uniform(0.28, 0.38)
    pollen = _colour(rng, ((0.05, 0.15), ), (0.6, 1.0), (0.4, 1.0))
    grain = 0.75 + 0.35 * (np.sin(u * 28) * np.sin(v * 28))[..., None]
    rgb = np.where((radius < heart)[..., None], pollen * grain, rgb)
    return (radius - edge) * 0.8, _mix(rgb, pollen * 0.35,
                                       np.abs(radius - heart) < 0.04)


def _fish(u: np.ndarray, v: np.ndarray, rng: Rng) -> Painted:
    """A fish: oval body with rows of scales, a fan tail and an eye."""
    height = rng.uniform(0.48, 0.6)
    body = np.hypot((u - 0.22) / 0.78, v / height) - 1
    tail = np.maximum(np.abs(v) - 0.12 + 0.95 * (u + 0.4), -0.98 - u)
    base = _colour(rng, ((0.02, 0.12), (0.48, 0.65)), (0.25, 0.95))
    pitch = rng.uniform(6.5, 8.5)
    column = np.floor(u * pitch)
    scales = np.hypot((u * pitch) % 1,
                      (v * pitch + 0.5 * (column % 2)) % 1 - 0.5)
    rgb = base * (0.65 + 0.5 * (scales < 0.6))[..., None]
    rgb = np.where((u < -0.42)[..., None],
                   base * (0.75 + 0.25 * np.sin(v * 26))[..., None], rgb)
    # Countershading: the belly is pale, as on most fish.
    rgb = _mix(rgb, np.float32([0.95, 0.92, 0.85]), 1.3 * v / height - 0.2)
    eye = np.hypot(u - 0.68, v + 0.1)
    rgb = _mix(rgb, np.float32([1, 1, 1]), (0.15 - eye) * 25)
    rgb = _mix(rgb, np.zeros(3), (0.08 - eye) * 25)
    return np.minimum(body * 0.6, tail), rgb


def _mushroom(u: np.ndarray, v: np.ndarray, rng: Rng) -> Painted:
    """A toadstool: spotted dome over a pale stem."""
    rim = rng.uniform(0.1, 0.25)
    cap = np.maximum(np.hypot(u, (v - rim) / (0.95 + rim)) - 1, v - rim)
    stem = np.maximum(np.abs(u) - rng.uniform(0.24, 0.34) - 0.12 * v**2,
                      np.maximum(rim - 0.1 - v, v - 0.98))
    base = _colour(rng, ((-0.04, 0.1), ), (0.5, 0.95), (0.4, 0.95))
    spots = np.stack([rng.uniform(-0.8, 0.8, 9), rng.uniform(-0.8, rim, 9)], 1)
    top = _mix(base * (1 - 0.35 * np.abs(u))[..., None],
               np.float32([0.98, 0.95, 0.88]),
               _dots(u, v, spots, rng.uniform(0.11, 0.16)))
    fibres = 0.75 + 0.15 * np.sin(u * 40) - 0.25 * (v < rim + 0.12)
    pale = np.float32([0.95, 0.9, 0.78]) * fibres[..., None]
    return np.minimum(cap, stem), np.where((cap < 0)[..., None], top, pale)


def _sand(size: int, rng: Rng) -> np.ndarray:
    """Fine grain over wind ripples."""
    base = _colour(rng, ((0.07, 0.14), ), (0.2, 0.5), (0.65, 0.95))
    y, x = np.mgrid[:size, :size].astype(np.float32) / size
    angle, pitch = rng.uniform(0, np.pi), rng.uniform(30, 60)
    bend = smooth_noise(rng, size, 4) * 1.5
    ripples = np.sin((x * np.cos(angle) + y * np.sin(angle)) * pitch + bend)
    grain = rng.standard_normal((size, size)).astype(np.float32)
    return base * (1 + 0.05 * ripples + 0.12 * grain)[..., None]


def _water(size: int, rng: Rng) -> np.ndarray:
    """Wavy crests with glints."""
    base = _colour(rng, ((0.46, 0.63), ), (0.35, 0.85), (0.4, 0.85))
    y, x = np.mgrid[:size, :size].astype(np.float32) / size
    bend = smooth_noise(rng, size, 7) * 1.3 + x * rng.uniform(-8, 8)
    crests = np.sin(y * rng.uniform(45, 80) + bend)
    rgb = base * (0.85 + 0.22 * crests)[..., None]
    return _mix(rgb, np.float32([0.95, 1, 1]), (crests - 0.75) * 2.2)


def _grass(size: int, rng: Rng) -> np.ndarray:
    """Blades: noise drawn out along one direction."""
    base = _colour(rng, ((0.17, 0.38), ), (0.4, 0.85), (0.35, 0.75))
    tall = int(rng.integers(9, 17))
    blades = cv2.blur(rng.standard_normal((size, size)), (2, tall)) * tall**0.5
    patches = smooth_noise(rng, size, 4)
    rgb = base * (1 + 0.4 * blades + 0.1 * patches)[..., None]
    return _mix(rgb, np.float32([0.85, 0.85, 0.3]), (blades - 1) * 0.5)


def _night_sky(size: int, rng: Rng) -> np.ndarray:
    """Dark, cloudy gradient with points of light."""
    base = _colour(rng, ((0.58, 0.8), ), (0.4, 0.9), (0.12, 0.38))
    haze = 1 + 0.35 * smooth_noise(rng, size, 3)
    points = (rng.random((size, size)) < rng.uniform(0.006, 0.014)) * 1.0
    points = cv2.GaussianBlur(points, (3, 3), rng.uniform(0.5, 0.8)) * 3
    return base * haze[..., None] + points[..., None]


def _pavement(size: int, rng: Rng) -> np.ndarray:
    """Rounded stones with dark joints, each with a tone of its own."""
    base = _colour(rng, ((0, 1), ), (0.02, 0.25), (0.45, 0.85))
    count = int(rng.integers(8, 13))
    jitter = rng.uniform(0.15, 0.85, (count, count, 2))
    cells = np.mgrid[:count, :count].transpose(1, 2, 0) + jitter
    seeds = np.full((size, size), 255, np.uint8)
    rows, columns = (cells.reshape(-1, 2) * size / count).astype(int).T
    seeds[rows, columns] = 0
    depth, owner = cv2.distanceTransformWithLabels(
        seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    tone = rng.uniform(0.65, 1.2, owner.max() + 1)[owner]
    joint = cv2.morphologyEx(owner.astype(np.float32), cv2.MORPH_GRADIENT,
                             np.ones((2, 2))) > 0
    rounded = 1 - 0.35 * depth / (depth.max() + 1e-6)
    return base * (tone * rounded * np.where(joint, 0.45, 1))[..., None]


THING_PAINTERS: Dict[str, Callable[..., Painted]] = dict(
    ball=_ball, star=_star, leaf=_leaf, ring=_ring, brick=_brick,
    flower=_flower, fish=_fish, mushroom=_mushroom)
STUFF_PAINTERS: Dict[str, Callable[..., np.ndarray]] = {
    'sand': _sand, 'water': _water, 'grass': _grass,
    'night sky': _night_sky, 'pavement': _pavement}
