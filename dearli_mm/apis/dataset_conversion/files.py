"""Files that are never seen half written."""
import io
import json
import os
from pathlib import Path
from typing import Any, Iterable

import numpy as np
from PIL import Image


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file in one step; folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f'{path.name}.part')
    try:
        part.write_bytes(content)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file in one step."""
    write_bytes(path, text.encode())


def write_json(path: Path, content: Any) -> None:
    """Write a JSON file in one step."""
    write_text(path, json.dumps(content))


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
