"""Drawing splits, and checking those of others."""
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Sequence, Set, Tuple

import numpy as np

from ..datasets.image_names import ImageNames
from ..datasets.panoptic_json import read_panoptic_json
from ..datasets.splits import choose_covering, read_split, split_problems
from ..utils.atomic import PathLike, write_text
from ..utils.text_files import read_text

# Labelled images of the published splits.
PUBLISHED: Dict[str, Dict[int, str]] = {
    'ADE20K': {158: '1/128', 316: '1/64', 632: '1/32', 1263: '1/16',
               2526: '1/8'},
    'COCO': {232: '1/512', 463: '1/256', 925: '1/128', 1849: '1/64',
             3697: '1/32'},
    'Cityscapes': {100: '1/30', 186: '1/16', 372: '1/8', 744: '1/4',
                   1488: '1/2'},
    'VOC 2012': {92: '1/16', 183: '1/8', 366: '1/4', 732: '1/2',
                 1464: 'full'},
}
_TRAIN_IMAGES = {20210: 'ADE20K', 118287: 'COCO', 2975: 'Cityscapes',
                 10582: 'VOC 2012', 1464: 'VOC 2012'}


class _Annotated(NamedTuple):
    """Images of an annotation file.

    Attributes:
        names (list[str]): File names, sorted.
        shown (list[set[str]]): Classes that each shows.
        classes (list[str]): All classes of the file.
    """
    names: List[str]
    shown: List[Set[str]]
    classes: List[str]


def _read_annotated(ann_file: str) -> _Annotated:
    """Read which image of a COCO panoptic JSON shows what."""
    content = read_panoptic_json(ann_file)
    name_of = {c['id']: c['name'] for c in content.categories}
    shown = {
        image_id:
        {name_of[s['category_id']] for s in annotation['segments_info']}
        for image_id, annotation in content.annotations.items()
    }
    images = sorted(content.images, key=lambda image: image['file_name'])
    return _Annotated([image['file_name'] for image in images],
                      [shown.get(image['id'], set()) for image in images],
                      list(name_of.values()))


def make_split(ann_file: str,
               out: str,
               number: Optional[int] = None,
               fraction: Optional[Fraction] = None,
               seed: int = 0,
               cover_classes: bool = False,
               exclude: Sequence[str] = ()) -> List[str]:
    """Draw labelled images at random and write them, one per line.

    The choice depends on the names of the images and the seed alone.

    Args:
        ann_file (str): COCO panoptic JSON.
        out (str): Split file to write.
        number (int, optional): Number of images; or:
        fraction (Fraction, optional): Share of all images of the file,
            rounded; at least one.
        seed (int): Defaults to 0.
        cover_classes (bool): Prefer images that add a class, until every
            class of the file is shown. Defaults to False.
        exclude (Sequence[str]): Split files whose images are not drawn.

    Returns:
        list[str]: The images.

    Raises:
        ValueError: If the number does not fit, the classes cannot be covered
            with it, or ``out`` is there with other content.
    """
    data = _read_annotated(ann_file)
    if number is None:
        number = max(1, round(fraction * len(data.names)))
    taken = {
        index for split in exclude
        for index in _images_of(split, data.names)
    }
    free = [k for k in range(len(data.names)) if k not in taken]
    if not 1 <= number <= len(free):
        raise ValueError(f'{number} images were asked for; {ann_file} has '
                         f'{len(free)} to choose from')
    shown = [data.shown[k] if cover_classes else set() for k in free]
    chosen = choose_covering(shown, number, np.random.default_rng(seed))
    missing = set().union(*shown) - set().union(*(shown[k] for k in chosen))
    if missing:
        raise ValueError(
            f'{number} images drawn with seed {seed} do not show '
            f'{sorted(missing)}; ask for more, or try another seed')
    names = [data.names[free[k]] for k in chosen]
    write_new(out, ''.join(f'{name}\n' for name in names))
    return names


def check_split(split: str,
                ann_file: str,
                others: Sequence[str] = ()) -> Tuple[List[str], List[str]]:
    """Check a split against an annotation file and other splits.

    Args:
        split (str): Split file; see :class:`ImageNames`.
        ann_file (str): COCO panoptic JSON of the training images.
        others (Sequence[str]): Split files, or annotation files (``.json``)
            of validation, with which it may not share an image.

    Returns:
        tuple[list[str], list[str]]: What was found, and the problems.
    """
    data = _read_annotated(ann_file)
    images = ImageNames(data.names)
    lines = read_split(split)
    meant = images.find(lines)
    problems = split_problems(images, meant, split)
    found = [
        f'{split}: {len(lines)} labelled images{_published(lines, data)}',
        f'{len(data.names) - len(meant.indices)} other images in {ann_file}'
    ]
    shown = set().union(*(data.shown[k] for k in meant.indices))
    missing = [name.split(',')[0] for name in data.classes
               if name not in shown]
    found.append(f'{len(data.classes) - len(missing)} of {len(data.classes)} '
                 'classes are shown' +
                 (f'; not: {", ".join(missing)}' if missing else ''))
    for other in others:
        if other.endswith('.json'):
            common = images.find(_read_annotated(other).names).indices
        else:
            common = _images_of(other, data.names)
        common = sorted(data.names[k] for k in {*common} & {*meant.indices})
        if common:
            problems.append(f'{split} and {other} share {len(common)} images, '
                            f'for instance {common[:3]}')
        else:
            found.append(f'{split} and {other} share no image')
    return found, problems


def split_overlaps(splits: Sequence[str], ann_file: str) -> List[str]:
    """How many images each two of several splits share, a line per pair."""
    data = _read_annotated(ann_file)
    chosen = {split: set(_images_of(split, data.names))
              for split in splits}
    return [
        f'{first} and {second} share {len(chosen[first] & chosen[second])} of '
        f'{min(len(chosen[first]), len(chosen[second]))} images'
        for first, second in combinations(chosen, 2)
    ]


def _images_of(split: str, names: Sequence[str]) -> List[int]:
    """Indices of the images that a split names; others are passed over."""
    images = ImageNames(names)
    found = images.find(read_split(split))
    if found.ambiguous:
        raise ValueError('\n'.join(
            split_problems(images, found._replace(unknown=[], twice=[]),
                           split)))
    return found.indices


def _published(lines: Sequence[str], data: _Annotated) -> str:
    dataset = _TRAIN_IMAGES.get(len(data.names))
    if dataset is None:
        share = Fraction(len(lines), len(data.names))
        return f' of {len(data.names)} ({float(100 * share):.2f} %)'
    fractions = PUBLISHED[dataset]
    if len(lines) in fractions:
        return f', as published for {fractions[len(lines)]} of {dataset}'
    listed = ', '.join(f'{n} ({name})' for n, name in fractions.items())
    return f'; published for {dataset}: {listed}'


def write_new(path: PathLike, text: str, what: str = 'images') -> None:
    """Write a text file, unless one with another text is there.

    Args:
        path (str | Path): The file.
        text (str): Its text.
        what (str): What it names, for the message.

    Raises:
        ValueError: If there is.
    """
    path = Path(path)
    if not path.exists():
        write_text(path, text)
    elif read_text(path) != text:
        raise ValueError(f'{path} is there with other {what}: choose another '
                         'name, or delete it')
