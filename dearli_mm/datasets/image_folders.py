"""Which images a folder, or a text file of paths, holds."""
import os
from collections import Counter
from pathlib import Path
from typing import Iterator, List, Set, Tuple, Union

from mmengine.logging import print_log

from ..utils.text_files import read_lines
from .image_files import can_read_heif

# What OpenCV or Pillow decodes; HEIF is Apple's, and needs a library.
HEIF_SUFFIXES = frozenset(('.heic', '.heif'))
IMAGE_SUFFIXES = HEIF_SUFFIXES | frozenset(
    ('.jpg', '.jpeg', '.jpe', '.jfif', '.png', '.bmp', '.tif', '.tiff',
     '.webp', '.gif', '.avif'))
# A folder with one of these was written by a tool of ours.
RECORDS = frozenset(
    ('panoptic.json', 'segments.json', 'meta.json', 'panoptic.json.journal',
     'segments.json.journal'))
# What those tools put beside it, which are no photos.
RESULTS = frozenset(('panoptic', 'semantic', 'overlay'))


def list_images(source: Union[str, Path]) -> List[Path]:
    """Images of a folder (with its subfolders) or of a text file.

    Hidden files and folders, and the results of tools of this package
    (:data:`RESULTS` beside one of :data:`RECORDS`), are passed over. Files
    that are no images, or cannot be read here, are counted in the log.

    Args:
        source (str | Path): A folder, or a text file with one path per line
            (relative ones count from the file's folder).

    Returns:
        list[Path]: Sorted for a folder, in order for a file.

    Raises:
        FileNotFoundError: If there is no such folder or file, or an image of
            the list is not there.
        ValueError: If it holds no image.
    """
    path = Path(source).expanduser()
    others: Counter = Counter()
    if path.is_dir():
        images = sorted(map(Path, _walk(path, others)))
        if others:
            remedy = '; pip install pillow-heif reads HEIF' \
                if HEIF_SUFFIXES & set(others) else ''
            print_log(f'{path}: {len(images)} images{_counts(others)}{remedy}',
                      'current')
    elif path.is_file():
        images = [path.parent / line for line in read_lines(path)]
        missing = [str(image) for image in images if not image.is_file()]
        if missing:
            raise FileNotFoundError(
                f'images={str(source)!r} names {len(missing)} files that are '
                f'not there, for instance {missing[0]!r}; paths count from '
                "the list's own folder")
    else:
        raise FileNotFoundError(
            f'images={str(source)!r}: no such folder or list file')
    if not images:
        raise ValueError(f'images={str(source)!r} holds no image (looked for '
                         f'{", ".join(sorted(IMAGE_SUFFIXES))})'
                         f'{_counts(others)}')
    return images


def is_result(path: Path) -> bool:
    """Whether a file is a result of a tool of this package."""
    return any(folder.name in RESULTS and any(
        (folder.parent / record).is_file() for record in RECORDS)
               for folder in path.absolute().parents)


def _walk(folder: Path, others: Counter) -> Iterator[str]:
    """Images below a folder; what else is there is added to ``others``."""
    readable = IMAGE_SUFFIXES if can_read_heif() else \
        IMAGE_SUFFIXES - HEIF_SUFFIXES
    entered: Set[Tuple[int, int]] = set()
    for root, folders, files in os.walk(folder, followlinks=True):
        # Links may lead in circles; a folder is entered once.
        stat = os.stat(root)
        if (stat.st_dev, stat.st_ino) in entered:
            folders.clear()
            continue
        entered.add((stat.st_dev, stat.st_ino))
        own = RESULTS if RECORDS & set(files) else ()
        folders[:] = [name for name in folders
                      if not name.startswith('.') and name not in own]
        for name in files:
            suffix = os.path.splitext(name)[1].lower()
            if name.startswith('.'):
                continue
            if suffix not in readable:
                others[suffix or 'no suffix'] += 1
            else:
                yield os.path.join(root, name)


def _counts(others: Counter) -> str:
    listed = ', '.join(f'{count} {suffix}'
                       for suffix, count in others.most_common(8))
    return f'; passed over: {listed}' if others else ''
