"""labelme's shapes, drawn as masks."""
import base64
import io
import math
from typing import Container, Dict, Tuple

import numpy as np
from PIL import Image, ImageDraw

from ..datasets.image_files import open_image

# Shape types, and how many points each may have.
_ANY = range(3, 10**6)
AREAS: Dict[str, Container[int]] = dict(
    polygon=_ANY, oriented_rectangle=_ANY, rectangle=(2, 4), circle=(2, ),
    mask=(2, ))
LINES = ('point', 'points', 'line', 'linestrip')


def shape_kind(shape: dict) -> str:
    """Type of a shape; old files tell none of polygons."""
    return shape.get('shape_type') or 'polygon'


def draw_shape(shape: dict, size: Tuple[int, int]) -> np.ndarray:
    """Mask of a shape that :func:`shape_problem` passed, bool ``[H, W]``."""
    kind, points = shape_kind(shape), [tuple(p) for p in shape['points']]
    canvas = Image.new('1', size[::-1])
    draw = ImageDraw.Draw(canvas)
    if kind == 'circle':
        (x, y), edge = points
        radius = math.dist(points[0], edge)
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), 1, 1)
    elif kind == 'rectangle' and len(points) == 2:
        (x0, x1), (y0, y1) = (sorted(values) for values in zip(*points))
        draw.rectangle((x0, y0, x1, y1), 1, 1)
    elif kind == 'mask':
        # Of 0 and 1, or of 0 and 255: labelme has written both.
        mask = Image.fromarray(_pixels(shape) > 0)
        canvas.paste(mask, tuple(int(v) for v in points[0]))
    else:
        draw.polygon(points, 1, 1)
    return np.array(canvas)


def _pixels(shape: dict) -> np.ndarray:
    """Pixels of a shape of type mask, ``[h, w]``."""
    content = base64.b64decode(shape['mask'])
    return np.array(open_image(io.BytesIO(content)))


def shape_problem(shape: dict) -> str:
    """Why a shape cannot be drawn; empty if it can."""
    kind, points = shape_kind(shape), shape.get('points')
    if not isinstance(shape.get('label'), str):
        return 'has no label'
    if kind not in AREAS:
        return (f'is of the type {kind!r}, which is none of '
                f'{", ".join((*AREAS, *LINES))}')
    if not isinstance(points, list) or len(points) not in AREAS[kind]:
        count = len(points) if isinstance(points, list) else 'no'
        return f'is a {kind} of {count} points'
    if not np.isfinite(np.asarray(points, float)).all():
        return 'has points that are no numbers'
    if kind == 'mask':
        try:
            if _pixels(shape).ndim != 2:
                return 'has a mask of several channels'
        except (KeyError, OSError, TypeError, ValueError):
            return 'has no mask that can be read'
    return ''
