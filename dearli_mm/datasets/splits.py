"""Split files: which images of a dataset are labelled."""
from pathlib import Path
from typing import List, Sequence, Set, Union

import numpy as np

from ..utils.text_files import read_lines
from .image_names import Found, ImageNames


def read_split(split: Union[str, Path, Sequence[str]]) -> List[str]:
    """Read the image names of a split.

    Args:
        split (str | Path | Sequence[str]): Path of a text file with one
            image a line, or the lines themselves.

    Returns:
        list[str]: Lines that are not blank, in order; :class:`ImageNames`
        tells which images they mean.

    Raises:
        FileNotFoundError: If the file is not there.
        ValueError: If it names no image, or is no text.
    """
    source = 'split'
    if isinstance(split, (str, Path)):
        source = str(split)
        if not Path(split).expanduser().is_file():
            raise FileNotFoundError(
                f'split={source!r}: no such file; give a text file with one '
                'image name per line, or a list of names')
        split = read_lines(split)
    lines = [line.strip() for line in split if line.strip()]
    if not lines:
        raise ValueError(f'{source} names no image')
    return lines


def split_problems(images: ImageNames, found: Found,
                   source: str) -> List[str]:
    """What is wrong with a split of a dataset.

    Args:
        images (ImageNames): Images of the dataset.
        found (Found): What the split means there.
        source (str): Name of the split, for messages.
    """
    problems = []
    if found.unknown:
        problems.append(
            f'{source} names {len(found.unknown)} images that the dataset '
            'does not have, for instance '
            f'{", ".join(map(images.hint, found.unknown[:3]))}; the dataset '
            f'has {len(images.names)} images, for instance '
            f'{images.names[:3]}')
    for line, names in list(found.ambiguous.items())[:3]:
        problems.append(
            f'{source}: {line!r} stands for several images of the dataset, '
            f'{names[:3]}; write the folder and the suffix as well')
    if found.twice:
        problems.append(f'{source} names {len(found.twice)} images more than '
                        f'once, for instance {found.twice[:3]}')
    return problems


def split_indices(images: ImageNames,
                  split: Union[str, Sequence[str]]) -> List[int]:
    """Find the images of a split in a dataset.

    Args:
        images (ImageNames): Images of the dataset.
        split (str | Sequence[str]): See :func:`read_split`.

    Returns:
        list[int]: Index of each image of the split.

    Raises:
        FileNotFoundError: If the file is not there.
        ValueError: If the split names an image that the dataset lacks, one
            twice, or several with one name; tells all of it.
    """
    found = images.find(read_split(split))
    problems = split_problems(images, found,
                              split if isinstance(split, str) else 'split')
    if problems:
        raise ValueError('\n'.join(problems))
    return found.indices


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
    covered: Set[int] = set()
    first: List[int] = []
    rest: List[int] = []
    for index in rng.permutation(len(shown)).tolist():
        (rest if shown[index] <= covered else first).append(index)
        covered |= shown[index]
    return sorted((first + rest)[:count])
