"""Fonts that have the letters of the names."""
import logging
import os
from functools import lru_cache
from typing import FrozenSet, Iterator, Sequence

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font
from mmengine.logging import print_log
from PIL import ImageFont

# A font file to prefer, for scripts that no font of the system has.
VARIABLE = 'DEARLI_MM_FONT'
_END_OF_LATIN = 0x250  # what Pillow's own font has


def font_for(texts: Sequence[str],
             size: int) -> ImageFont.FreeTypeFont:
    """A font that can draw texts: Pillow's own, or one of the system.

    If there is none, the log says so, once, and Pillow's draws boxes.

    Args:
        texts (Sequence[str]): What is to be drawn.
        size (int): In pixels.
    """
    letters = frozenset(letter for letter in ''.join(map(str, texts))
                        if ord(letter) >= _END_OF_LATIN)
    path = _font_file(letters) if letters else ''
    return ImageFont.truetype(path, size) if path else \
        ImageFont.load_default(size=size)


@lru_cache(maxsize=64)
def _font_file(letters: FrozenSet[str]) -> str:
    """Path of a font with all letters; empty if there is none."""
    wanted = set(map(ord, letters))
    for path in _font_files():
        try:
            if wanted <= set(FT2Font(path).get_charmap()):
                ImageFont.truetype(path, 15)
                return path
        except (OSError, RuntimeError):
            continue  # no font that can be scaled
    print_log(
        f'no font here can draw {"".join(sorted(letters)[:20])!r}; pictures '
        f'show boxes in their place. Name a font file in {VARIABLE}, or '
        'install one (fonts-noto-cjk)', 'current', logging.WARNING)
    return ''


def _font_files() -> Iterator[str]:
    if os.environ.get(VARIABLE):
        yield os.environ[VARIABLE]
    # Upright and of normal weight first; LastResort has a box for each letter.
    yield from (font.fname for font in sorted(
        font_manager.fontManager.ttflist,
        key=lambda font: (font.style != 'normal', font.weight != 400,
                          font.fname)) if 'LastResort' not in font.fname)
