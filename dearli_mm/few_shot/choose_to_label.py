"""Which images of a pool to label: those that stand for the others."""
from pathlib import Path
from typing import Dict, List, NamedTuple, Sequence, Tuple

import numpy as np
import torch
from PIL import Image
from torch.nn.functional import normalize

from ..conversion.splits import write_new
from ..datasets.image_files import decode_image
from ..datasets.image_folders import list_images
from ..datasets.image_names import ImageNames, relative_name
from ..datasets.splits import split_indices
from ..functional.coverage import (choose_covering_images,
                                   choose_distant_images, nearest_similarity)
from ..utils.atomic import atomic_path
from ..visualization import (contact_sheet, enlarge, palette, panel_size,
                             side_by_side)
from .clip_features import Tower, image_features

METHODS = {'coverage': choose_covering_images,
           'k-centre': choose_distant_images}
COLUMNS = 5
WIDTH = 256  # pixels of a picture in the sheet


class Choice(NamedTuple):
    """Images to label.

    Attributes:
        new (list[str]): Chosen ones, in the order of their worth.
        kept (list[str]): Those that had been labelled already.
        broken (dict[str, str]): What is wrong with files that were skipped.
        similarity (float): Mean similarity of an image to the nearest one of
            ``new`` and ``kept``, -1..1.
    """
    new: List[str]
    kept: List[str]
    broken: Dict[str, str]
    similarity: float


def choose_to_label(pool: str,
                    out: str,
                    number: int,
                    tower: Tower,
                    already: Sequence[str] = (),
                    method: str = 'coverage',
                    features: str = '',
                    batch_size: int = 16,
                    workers: int = 2) -> Choice:
    """Choose images of a pool, and write their names and a contact sheet.

    Of the images' CLIP features the mean of the pool is taken away, so that
    what all images share does not count. The same pool and CLIP give the same
    choice.

    Args:
        pool (str): Folder, or list file, of images.
        out (str): List to write: the images of ``already``, then the new
            ones; a split for :class:`SemiSupPanopticDataset`. The pictures
            of the new ones are beside it, with the suffix ``.png``.
        number (int): How many new ones.
        tower (Tower): The CLIP.
        already (Sequence[str]): Lists of labelled images of the pool.
        method (str): One of :data:`METHODS`.
        features (str): File that keeps the features. Defaults to
            ``clip_features.npz`` beside ``out``.
        batch_size (int): Defaults to 16.
        workers (int): Processes that read images. Defaults to 2.

    Returns:
        Choice: What was chosen.

    Raises:
        FileNotFoundError: If the weights, the pool or a list are not there.
        ValueError: If a name of ``already`` is not in the pool, there are too
            few images, or ``out`` is there with other names.
    """
    paths = _find_pool(pool)
    kept = _find_labeled(paths, already)
    _check_number(number, len(paths) - len(kept), pool)
    found, broken = image_features(
        paths, tower, Path(features or Path(out).parent / 'clip_features.npz'),
        batch_size, workers)
    names = list(found)
    _check_number(number, len(set(names) - set(kept)), f'{pool} (readable)')
    vectors = torch.from_numpy(np.stack([found[name] for name in names]))
    vectors = normalize(vectors, dim=1)
    vectors = normalize(vectors - vectors.mean(0), dim=1)
    labeled = [names.index(name) for name in kept if name in found]
    chosen = METHODS[method](vectors, number, labeled)
    new = [names[index] for index in chosen]
    write_new(out, ''.join(f'{name}\n' for name in [*kept, *new]))
    _write_sheet(Path(out).with_suffix('.png'), paths, new)
    return Choice(new, kept, broken, float(
        nearest_similarity(vectors, [*labeled, *chosen]).mean()))


def _find_pool(pool: str) -> Dict[str, str]:
    """Path by name, sorted by name."""
    folder = str(Path(pool) if Path(pool).is_dir() else Path(pool).parent)
    paths = sorted(str(path) for path in list_images(pool))
    return {relative_name(path, folder): path for path in paths}


def _find_labeled(paths: Dict[str, str], lists: Sequence[str]) -> List[str]:
    names = ImageNames(list(paths), list(paths.values()))
    found: List[str] = []
    for source in lists:
        found += [names.names[k] for k in split_indices(names, source)]
    return list(dict.fromkeys(found))


def _check_number(number: int, there: int, pool: str) -> None:
    if not 1 <= number <= there:
        raise ValueError(f'num={number}: {pool} has {there} images that are '
                         'not labelled; choose 1 to that many')


def _write_sheet(target: Path, paths: Dict[str, str],
                 names: Sequence[str]) -> None:
    cells = [_picture(f'{k}: {name}', paths[name])
             for k, name in enumerate(names, 1)]
    with atomic_path(target) as part:
        Image.fromarray(contact_sheet(cells, COLUMNS)).save(part, 'PNG')


def _picture(title: str, path: str) -> np.ndarray:
    image = decode_image(Path(path).read_bytes(), path)[..., ::-1]
    size: Tuple[int, int] = panel_size(*image.shape[:2], WIDTH, WIDTH)
    image = enlarge(np.ascontiguousarray(image), size)
    shown = title if len(title) < 30 else f'{title[:10]}..{title[-18:]}'
    return side_by_side([(shown, image)], (), palette(0), 1)
