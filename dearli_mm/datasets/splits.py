"""Split files: which images of a dataset are labelled."""
from collections import Counter
from pathlib import Path
from typing import List, Sequence, Set, Union

import numpy as np

IMAGE_SUFFIXES = frozenset(
    ('.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff', '.webp'))


def read_split(split: Union[str, Path, Sequence[str]]) -> List[str]:
    """Read the image names of a split.

    Args:
        split (str | Path | Sequence[str]): Path of a text file with one
            image a line, or the lines themselves. Of each line the first
            word counts (public split files go on with the annotation).

    Returns:
        list[str]: Stems of the images, in order.

    Raises:
        FileNotFoundError: If the file is not there.
        ValueError: If it names no image, or one twice.
    """
    source = 'split'
    if isinstance(split, (str, Path)):
        path = Path(split).expanduser()
        source = str(path)
        if not path.is_file():
            raise FileNotFoundError(
                f'split={source!r}: no such file; give a text file with one '
                'image name per line, or a list of names')
        split = path.read_text().splitlines()
    stems = [Path(line.split()[0]).stem for line in split if line.strip()]
    if not stems:
        raise ValueError(f'{source} names no image')
    twice = [stem for stem, count in Counter(stems).items() if count > 1]
    if twice:
        raise ValueError(f'{source} names {len(twice)} images more than once, '
                         f'for instance {twice[:3]}')
    return stems


def split_indices(stems: Sequence[str], split: Sequence[str],
                  source: str) -> List[int]:
    """Find the images of a split in a dataset.

    Args:
        stems (Sequence[str]): Stem of each image of the dataset.
        split (Sequence[str]): Stems of the split.
        source (str): Name of the split, for messages.

    Returns:
        list[int]: Index of each image of the split.

    Raises:
        ValueError: If the split names an image that the dataset lacks, or a
            stem stands for several images.
    """
    places = {}
    for index, stem in enumerate(stems):
        places.setdefault(stem, []).append(index)
    unknown = [stem for stem in split if stem not in places]
    if unknown:
        raise ValueError(
            f'{source} names {len(unknown)} images that the dataset does not '
            f'have, for instance {unknown[:3]}; the dataset has '
            f'{len(stems)} images, for instance {list(stems[:3])}')
    ambiguous = [stem for stem in split if len(places[stem]) > 1]
    if ambiguous:
        raise ValueError(f'{source}: {ambiguous[:3]} stand for several images '
                         'of the dataset; rename them')
    return [places[stem][0] for stem in split]


def choose_covering(shown: Sequence[Set[int]], count: int,
                    rng: np.random.Generator) -> List[int]:
    """Choose images at random, those that add a missing class first.

    Args:
        shown (Sequence[set]): Classes of each image.
        count (int): Number of images to choose, at most ``len(shown)``.
        rng (np.random.Generator): Source of the order.

    Returns:
        list[int]: Sorted indices.
    """
    order = [int(index) for index in rng.permutation(len(shown))]
    covered: Set[int] = set()
    first: List[int] = []
    for index in order:
        if not shown[index] <= covered:
            covered |= shown[index]
            first.append(index)
    rest = [index for index in order if index not in set(first)]
    return sorted((first + rest)[:count])


def list_images(source: Union[str, Path]) -> List[Path]:
    """Images of a folder (with its subfolders) or of a text file.

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
    if path.is_dir():
        images = sorted(p for p in path.rglob('*')
                        if p.suffix.lower() in IMAGE_SUFFIXES)
    elif path.is_file():
        images = [
            path.parent / line.strip()
            for line in path.read_text().splitlines() if line.strip()
        ]
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
                         f'{sorted(IMAGE_SUFFIXES)})')
    return images
