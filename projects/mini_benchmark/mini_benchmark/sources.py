"""Finds the photographs of the mini benchmark in installed packages.

Things are cut-outs of the Debian package ``tuxpaint-stamps-default``, whose
folders tell the class. Stuff are patches of photographs of
``mate-backgrounds`` (Debian) and ``mvtb-data`` (PyPI). Training and validation
share neither an object nor a piece of a photograph.
"""
from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Dict, List, NamedTuple, Tuple

import cv2
import numpy as np

STAMPS = Path('/usr/share/tuxpaint/stamps')
BACKGROUNDS = Path('/usr/share/backgrounds/mate/nature')
_REMEDY = 'install it: bash projects/mini_benchmark/install.sh'

# Folders of the stamps, by class.
THINGS: Dict[str, Tuple[str, ...]] = {
    'bird': ('animals/birds', ),
    'mammal': ('animals/mammals', 'animals/marsupials'),
    'fruit': ('food/fruit', 'food/vegetables'),
    'flower': ('plants/flowers', ),
    'vehicle': ('vehicles', 'military/vehicles'),
    'coin': ('symbols/money', ),
}
# All stamps in other folders are shown to the CLIP in training, but for these.
_NO_OTHERS = ('symbols', 'people')
# Drawings, toys, signs; mirrored copies; parts of vehicles.
_NO_FOLDERS = {'cartoon', 'toys', 'plastic', '00_symbols', 'flags'}
_NO_STEMS = {
    'hedgehog', '7spoke256', 'wheel_tractor', 'sedan_police', 'tyre_with_rim'
}

# Patches by class: package, file, and box (left, top, right, bottom) as
# shares of the photograph.
_Box = Tuple[float, float, float, float]
STUFF: Dict[str, Tuple[Tuple[str, str, _Box], ...]] = {
    'sky': (
        ('mate', 'Storm.jpg', (0, 0, 1, .5)),
        ('mvtb', 'eiffel-1.png', (0, 0, .52, .55)),
        ('mvtb', 'eiffel-2.png', (0, 0, .45, .55)),
        ('mvtb', 'road.png', (0, 0, 1, .5)),
    ),
    'grass': (
        ('mate', 'GreenMeadow.jpg', (0, 0, 1, 1)),
        ('mate', 'Dune.jpg', (0, .45, 1, 1)),
        ('mvtb', 'parks.png', (.66, .55, 1, 1)),
    ),
    'foliage': (
        ('mate', 'RainDrops.jpg', (0, 0, 1, 1)),
        ('mvtb', 'campus/P1070512.png', (.35, .1, 1, .9)),
        ('mvtb', 'campus/P1070496.png', (.6, .05, 1, .8)),
        ('mvtb', 'campus/holdout/P1070508.png', (.05, 0, .75, .5)),
    ),
    'rock': (('mvtb', 'rocks2-l.png', (0, .2, .75, 1)), ),
    'brick wall': (
        ('mvtb', 'walls-r.png', (.5, .5, .78, .62)),
        ('mvtb', 'campus/P1070491.png', (.35, .25, .8, .75)),
        ('mvtb', 'campus/P1070493.png', (.66, 0, .95, .8)),
        ('mvtb', 'campus/P1070494.png', (.62, .15, 1, .9)),
    ),
    'wood': (('mate', 'Wood.jpg', (0, 0, 1, 1)), ),
}
CLASSES = (*THINGS, *STUFF)
_VAL_SHARE = 0.3  # of the objects of a class, and of every patch
_MAX_PATCH = 640  # sides of what is kept in memory
_MAX_OBJECT = 224


class CutOut(NamedTuple):
    """A photographed object without its background.

    Attributes:
        name (str): File, relative to the folder of the stamps.
        label (str): Class, one of ``THINGS``, or the folder.
        words (str): What the package calls it, such as ``'zebra'``.
        pixels (np.ndarray): uint8 ``[H, W, 4]``, RGB and opacity, without
            empty margins.
    """
    name: str
    label: str
    words: str
    pixels: np.ndarray


class Photos(NamedTuple):
    """What scenes of one subset are made of.

    Attributes:
        things (dict[str, list[CutOut]]): By class.
        stuff (dict[str, list[np.ndarray]]): uint8 patches ``[H, W, 3]``, RGB,
            by class.
    """
    things: Dict[str, List[CutOut]]
    stuff: Dict[str, List[np.ndarray]]


@lru_cache(maxsize=4)
def load_photos(subset: str) -> Photos:
    """Load the photographs of a subset.

    Args:
        subset (str): ``'train'`` or ``'val'``.

    Raises:
        FileNotFoundError: If a package is not installed.
        ValueError: If there is no such subset.
    """
    if subset not in ('train', 'val'):
        raise ValueError(f"subset={subset!r} is neither 'train' nor 'val'")
    things = {
        label: [read_cut_out(path, label) for path in paths]
        for label, paths in object_files(subset).items()
    }
    stuff = {
        label: [_read_patch(*patch, subset) for patch in patches]
        for label, patches in STUFF.items()
    }
    return Photos(things, stuff)


def load_others() -> List[CutOut]:
    """Objects of no class of the benchmark: a little of the rest of the
    world, drawings among it."""
    known = sum(THINGS.values(), _NO_OTHERS)
    found = []
    for path in sorted(STAMPS.rglob('*.png')):
        name = path.relative_to(STAMPS).as_posix()
        if not name.startswith(tuple(f'{folder}/' for folder in known)) and \
                not path.stem.endswith('_mirror'):
            try:
                found.append(read_cut_out(path, path.parent.name))
            except ValueError:  # nothing of it is opaque
                continue
    return found


def object_files(subset: str) -> Dict[str, List[Path]]:
    """Files of the objects of a subset, by class; the split is fixed."""
    return {
        label: split_objects(_stamps(folders), subset)
        for label, folders in THINGS.items()
    }


def split_objects(paths: List[Path], subset: str) -> List[Path]:
    """The part of sorted files that belongs to a subset."""
    order = np.random.default_rng(0).permutation(len(paths))
    count = max(1, round(_VAL_SHARE * len(paths)))
    chosen = order[:count] if subset == 'val' else order[count:]
    return [paths[k] for k in sorted(chosen)]


def _stamps(folders: Tuple[str, ...]) -> List[Path]:
    if not STAMPS.is_dir():
        raise FileNotFoundError(
            f'{STAMPS} of tuxpaint-stamps-default is not there; {_REMEDY}')
    return sorted(path for folder in folders
                  for path in (STAMPS / folder).rglob('*.png')
                  if not _NO_FOLDERS & set(path.parts)
                  and path.stem not in _NO_STEMS
                  and not path.stem.endswith('_mirror'))


def read_cut_out(path: Path, label: str) -> CutOut:
    """Read an object and the first line of the text beside it."""
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    pixels = as_cut_out(pixels)
    text = path.with_suffix('.txt')
    words = text.read_text('utf-8', 'replace').splitlines()[0] \
        if text.is_file() else ''
    words = ''.join(c for c in words if c not in '.!,“”()')
    for article in ('A ', 'An ', 'The ', 'Some '):
        words = words.removeprefix(article)
    # Some files hold a sentence about the object.
    words = words.lower() if 0 < len(words.split()) <= 3 else label
    name = path.relative_to(STAMPS).as_posix()
    return CutOut(name, label, words, pixels)


def as_cut_out(pixels: np.ndarray) -> np.ndarray:
    """BGR(A) or grey pixels of any depth to RGBA without empty margins."""
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    if pixels.ndim == 2:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR)
    code = cv2.COLOR_BGRA2RGBA if pixels.shape[2] == 4 else \
        cv2.COLOR_BGR2RGBA
    pixels = cv2.cvtColor(pixels, code)
    rows, columns = np.nonzero(pixels[..., 3] > 127)
    return shrink(pixels[rows.min():rows.max() + 1,
                          columns.min():columns.max() + 1], _MAX_OBJECT)


def _read_patch(package: str, name: str, box: _Box,
                subset: str) -> np.ndarray:
    path = _folder(package) / name
    image = cv2.imread(str(path))
    if image is None:
        raise FileNotFoundError(f'the photograph {path} is not there; '
                                f'{_REMEDY}')
    height, width = image.shape[:2]
    left, top, right, bottom = box
    image = image[round(top * height):round(bottom * height),
                  round(left * width):round(right * width), ::-1]
    return shrink(split_patch(image, subset), _MAX_PATCH)


def split_patch(image: np.ndarray, subset: str) -> np.ndarray:
    """Cuts a patch across its longer side into training and validation."""
    along = 0 if image.shape[0] > image.shape[1] else 1
    border = round((1 - _VAL_SHARE) * image.shape[along])
    train, val = np.split(image, [border], axis=along)
    return val if subset == 'val' else train


def shrink(image: np.ndarray, side: int) -> np.ndarray:
    """Make the longer side at most ``side``."""
    scale = side / max(image.shape[:2])
    if scale >= 1:
        return np.ascontiguousarray(image)
    return cv2.resize(
        image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def _folder(package: str) -> Path:
    if package == 'mate':
        return BACKGROUNDS
    spec = find_spec('mvtbdata')
    if spec is None:
        raise FileNotFoundError(f'mvtb-data is not installed; {_REMEDY}')
    return Path(spec.submodule_search_locations[0]) / 'images'
