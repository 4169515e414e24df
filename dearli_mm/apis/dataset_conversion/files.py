"""Files that converters read and write."""
import io
from pathlib import Path
from typing import Iterable

import numpy as np
from PIL import Image

from ...utils.atomic import write_bytes


def write_png(path: Path, pixels: np.ndarray) -> None:
    """Write a PNG in one step; uint8 ``[H, W]`` or ``[H, W, 3]``, RGB."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, 'PNG')
    write_bytes(path, buffer.getvalue())


def signature(paths: Iterable[Path]) -> str:
    """What tells whether files have changed: their sizes and times."""
    stats = [path.stat() for path in paths]
    return ' '.join(f'{stat.st_size}-{stat.st_mtime_ns}' for stat in stats)


def need(path: Path, what: str, remedy: str) -> Path:
    """Check that a source is there.

    Raises:
        FileNotFoundError: If not; names the path, and what to do.
    """
    if not path.exists():
        raise FileNotFoundError(f'{what} {path} is not there. {remedy}')
    return path
