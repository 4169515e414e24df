"""The three numberings of ADE20K's classes, and how they belong together.

- *Scene parsing*: 1..150, largest share of pixels first; ``objectInfo150.txt``
  of the archive lists it, the PNG files of ``annotations`` hold it (0 is
  void), and mIoU is usually reported in it.
- *Instances*: 1..100, red channel of ``annotations_instance``: the things in
  the order of scene parsing. ``imgCatIds.json`` lists it.
- *mmdet*: 0..149, 100 things, then 50 stuff, each in the order of scene
  parsing. ``ADE20KPanopticDataset`` lists it, and we use it everywhere.

The tables are made by name from the lists of the archive, and checked.
"""
from pathlib import Path
from typing import Dict, List, NamedTuple, Sequence, Tuple

import numpy as np
from mmdet.datasets.ade20k import ADE20KPanopticDataset

from ..utils.text_files import read_json, read_lines
from .sources import need

THINGS: Tuple[str, ...] = ADE20KPanopticDataset.METAINFO['thing_classes']
STUFF: Tuple[str, ...] = ADE20KPanopticDataset.METAINFO['stuff_classes']
VOID = 255  # of semantic PNG files in mmdet's numbering

# mmdet's first name of a class, where the archive begins with another.
_ARCHIVE_NAMES = {
    'window': ('windowpane', ),
    'tub': ('bathtub', ),
    'rail': ('railing', ),
    'street lamp': ('streetlight', ),
    'tv': ('television', 'television receiver'),
    'clothes': ('apparel', ),
    'trash can': ('ashcan', ),
    'pool': ('swimming pool', ),
    'falls': ('waterfall', ),
}


class SceneClass(NamedTuple):
    """A line of ``objectInfo150.txt``: name, and images that show it."""
    name: str
    train: int
    val: int


class AdeTables(NamedTuple):
    """From the archive's numberings to mmdet's.

    Attributes:
        scene (np.ndarray): int64 ``[151]``; mmdet's class 0..149 of a value
            of ``annotations``; 255 for 0, which is void.
        instance (np.ndarray): int64 ``[101]``; the same for the red channel
            of ``annotations_instance``.
    """
    scene: np.ndarray
    instance: np.ndarray


def read_object_info(path: Path) -> List[SceneClass]:
    """Read ``objectInfo150.txt``.

    Returns:
        list[SceneClass]: 150, in the order of scene parsing.

    Raises:
        FileNotFoundError: If the file is not there.
        ValueError: If it does not list classes 1..150 in order.
    """
    need(path, 'The list of classes',
         'It comes with ADEChallengeData2016.zip.')
    classes = []
    for number, line in enumerate(read_lines(path)[1:], start=1):
        fields = line.split('\t')
        if len(fields) != 5 or int(fields[0]) != number:
            raise ValueError(f'{path}: line {number + 1} should be "{number}'
                             f'<tab>share<tab>train<tab>val<tab>name", is '
                             f'{line!r}')
        classes.append(
            SceneClass(_first(fields[4]), int(fields[2]), int(fields[3])))
    if len(classes) != 150:
        raise ValueError(f'{path} lists {len(classes)} classes, not 150')
    return classes


def make_tables(root: Path, scene_classes: Sequence[SceneClass]) -> AdeTables:
    """Make the tables; the optional lists of the archive are checked too.

    Args:
        root (Path): Folder of the archive. ``imgCatIds.json`` and
            ``categoryMapping.txt`` of the instance challenge are read if
            they are in it.
        scene_classes (Sequence[SceneClass]): :func:`read_object_info`.

    Raises:
        ValueError: If a list names other classes than mmdet, or contradicts
            the tables.
    """
    scene = _match([entry.name for entry in scene_classes], THINGS + STUFF,
                   'objectInfo150.txt')
    names = [entry.name for entry in scene_classes]
    instance_names = [names[k] for k in np.flatnonzero(scene < len(THINGS))]
    if (root / 'imgCatIds.json').exists():
        listed = read_json(root / 'imgCatIds.json')
        instance_names = [
            _first(category['name']) for category in sorted(
                listed['categories'], key=lambda category: category['id'])
        ]
    instance = _match(instance_names, THINGS, 'imgCatIds.json')
    tables = AdeTables(
        np.concatenate([[VOID], scene]), np.concatenate([[VOID], instance]))
    if (root / 'categoryMapping.txt').exists():
        _check_mapping(root / 'categoryMapping.txt', tables)
    return tables


def _match(names: Sequence[str], classes: Sequence[str],
           source: str) -> np.ndarray:
    """mmdet's index of each name of the archive."""
    # By the first name alone: synonyms differ between the lists.
    index: Dict[str, int] = {}
    for k, entry in enumerate(classes):
        name = _first(entry)
        index.update({
            other: k for other in _ARCHIVE_NAMES.get(name, (name, ))})
    unknown = [name for name in names if name not in index]
    matched = [index[name] for name in names if name in index]
    missing = [classes[k] for k in set(range(len(classes))) - set(matched)]
    if unknown or missing or len(matched) != len(classes):
        raise ValueError(
            f"{source} and mmdet's ADE20KPanopticDataset do not name the same "
            f'classes; unknown: {unknown}, missing: {missing}')
    return np.array(matched)


def _check_mapping(path: Path, tables: AdeTables) -> None:
    for line in read_lines(path)[1:]:
        instance, scene = (int(field) for field in line.split()[:2])
        if tables.instance[instance] != tables.scene[scene]:
            raise ValueError(
                f'{path}: {line!r} maps an instance class to another scene '
                'class than the names do; is it of this archive?')


def _first(names: str) -> str:
    return names.split(',')[0].strip()
