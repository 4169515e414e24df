"""Cityscapes as it is downloaded to Cityscapes panoptic."""
from pathlib import Path
from typing import Dict, List

import numpy as np

from ..datasets import CityscapesPanopticDataset
from ..datasets.panoptic_files import Segmented, Source
from .keys import KeyTable, segments_of_keys
from .panoptic_writer import Counts, Target, make_categories, write_published
from .sources import need, pair_images, read_map

PUBLISHED_IMAGES = dict(train=2975, val=500)
THINGS = CityscapesPanopticDataset.METAINFO['thing_classes']
STUFF = CityscapesPanopticDataset.METAINFO['stuff_classes']
# Label ids of cityscapesScripts' helpers/labels.py that count in evaluation,
# in the order of the classes; all other ids of 0..33 are void.
THING_IDS = (24, 25, 26, 27, 28, 31, 32, 33)
STUFF_IDS = (7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23)
_NUM_IDS = 34
_GROUPS = 1000  # values below are ids, from here on 1000 id + number
_SITE = 'https://www.cityscapes-dataset.com/downloads'


def convert_cityscapes(root: str, workers: int = 4) -> Dict[str, Counts]:
    """Write panoptic annotation beside that of the archives.

    Needs in ``root`` ``leftImg8bit/{train,val}`` and
    ``gtFine/{train,val}/*/*_gtFine_instanceIds.png`` and writes
    ``cityscapes_panoptic_{train,val}.json`` and folders of PNG files of the
    same names. A value of a thing without a number is a group that nobody
    told apart: it becomes a crowd. Ids that the benchmark ignores are void.

    Args:
        root (str): Folder of the archives.
        workers (int): Processes.

    Returns:
        dict[str, Counts]: Of train and val.

    Raises:
        FileNotFoundError: If a part of the archives is not there.
        ValueError: If a file is not what it should be.
    """
    sources = {part: _sources(Path(root), part) for part in PUBLISHED_IMAGES}
    counts = {}
    for part, published in PUBLISHED_IMAGES.items():
        target = Target(
            Path(root) / f'cityscapes_panoptic_{part}.json',
            make_categories(THINGS, STUFF),
            dict(description=f'Cityscapes panoptic, {part}',
                 converter='cityscapes'))
        counts[part] = write_published(sources[part], _read_image, target,
                                       workers, f'Cityscapes {part}',
                                       published)
    return counts


def _make_table() -> KeyTable:
    category_ids = np.zeros(_NUM_IDS * _GROUPS, int)
    category_ids[_NUM_IDS:_GROUPS] = -1
    iscrowd = np.zeros(len(category_ids), bool)
    iscrowd[list(THING_IDS)] = True
    for category, label in enumerate((*THING_IDS, *STUFF_IDS), start=1):
        category_ids[label] = category
        category_ids[label * _GROUPS:(label + 1) * _GROUPS] = category
    return KeyTable(category_ids, iscrowd)


_TABLE = _make_table()


def _read_image(source: Source) -> Segmented:
    """Segments of an image and its ``instanceIds``."""
    image, path = source.inputs
    return segments_of_keys(read_map(path, image), _TABLE, path)


def _sources(root: Path, part: str) -> List[Source]:
    images, labels = (
        need(root / kind / part, 'The folder',
             f'Unpack {archive} of {_SITE} in {root}.')
        for kind, archive in (('leftImg8bit', 'leftImg8bit_trainvaltest.zip'),
                              ('gtFine', 'gtFine_trainvaltest.zip')))
    return pair_images(images, [labels], '_gtFine_instanceIds.png',
                       '_leftImg8bit')
