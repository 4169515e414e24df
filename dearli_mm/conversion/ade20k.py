"""ADE20K as it is downloaded to ADE20K panoptic as mmdet reads it."""
from functools import partial
from pathlib import Path
from typing import Dict, List, Sequence

import numpy as np

from ..datasets.panoptic_files import Segmented, Source, write_png
from ..utils.text_files import read_json
from .ade20k_classes import (STUFF, THINGS, VOID, AdeTables, SceneClass,
                             make_tables, read_object_info)
from .keys import KeyTable, segments_of_keys
from .panoptic_writer import Counts, Target, make_categories, write_published
from .sources import need, pair_images, read_map

PARTS = dict(train='training', val='validation')
PUBLISHED_IMAGES = dict(train=20210, val=2000)
# Keys of things start here, above those of all stuff.
_FIRST_THING = 1000
_SITE = 'http://sceneparsing.csail.mit.edu'


def convert_ade20k(root: str, workers: int = 4) -> Dict[str, Counts]:
    """Write panoptic and semantic annotation beside that of the archive.

    Needs in ``root``: ``images``, ``annotations`` and ``objectInfo150.txt``
    of ADEChallengeData2016.zip, and ``annotations_instance`` of the 2017
    challenge; ``imgCatIds.json`` and ``categoryMapping.txt`` are used as a
    check if they are there. Writes ``ade20k_panoptic_{train,val}.json``, the
    PNG files in ``ade20k_panoptic_{train,val}/``, and
    ``ade20k_semantic_{train,val}/``: classes in mmdet's order, 255 is void.

    Stuff is taken from ``annotations``, things from ``annotations_instance``;
    where both claim a pixel, the thing has it.

    Args:
        root (str): Folder ``ADEChallengeData2016``.
        workers (int): Processes.

    Returns:
        dict[str, Counts]: Of train and val.

    Raises:
        FileNotFoundError: If a part of the archives is not there.
        ValueError: If a file is not what it should be.
    """
    folder = Path(root)
    need(folder, 'The folder of the archive',
         f'Unpack ADEChallengeData2016.zip of {_SITE}.')
    classes = read_object_info(folder / 'objectInfo150.txt')
    tables = make_tables(folder, classes)
    sources = {part: _sources(folder, part) for part in PARTS}
    counts = {}
    for part in PARTS:
        target = Target(
            folder / f'ade20k_panoptic_{part}.json',
            make_categories(THINGS, STUFF),
            dict(description=f'ADE20K panoptic, {part}', converter='ade20k'))
        read = partial(_read_image, tables=tables,
                       semantic=folder / f'ade20k_semantic_{part}')
        counts[part] = write_published(sources[part], read, target, workers,
                                       f'ADE20K {part}',
                                       PUBLISHED_IMAGES[part])
        _compare_classes(target.json_path, part, tables, classes)
    return counts


def _read_image(source: Source, tables: AdeTables,
                semantic: Path) -> Segmented:
    """Segments of image, semantic and instance PNG; writes ours, semantic."""
    image, scene_path, instance_path = source.inputs
    labels = tables.scene[read_map(scene_path, image, limit=150)]
    instances = read_map(instance_path, image, limit=255, ndim=3)
    red, green = instances[..., 0], instances[..., 1]
    write_png(semantic / f'{source.stem}.png', labels.astype(np.uint8))

    # Stuff has its class 101..150 as key, a thing that of its instance: where
    # both claim a pixel, the thing is written last.
    keys = np.where((labels >= len(THINGS)) & (labels != VOID), labels + 1, 0)
    is_thing = green > 0
    keys[is_thing] = _FIRST_THING + green[is_thing]
    class_of_thing = _thing_classes(red[is_thing], green[is_thing],
                                    instance_path)
    category_ids = np.arange(_FIRST_THING + 256)
    for number, red in class_of_thing.items():
        category_ids[_FIRST_THING + number] = tables.instance[red] + 1
    table = KeyTable(category_ids, np.zeros(len(category_ids), bool))
    return segments_of_keys(keys, table, instance_path)


def _thing_classes(red: np.ndarray, green: np.ndarray,
                   path: str) -> Dict[int, int]:
    """Class 1..100 (red) of each instance (green)."""
    pairs = np.flatnonzero(np.bincount(256 * green + red))
    classes = dict(divmod(pair, 256) for pair in pairs.tolist())
    if len(classes) != len(pairs) or \
            any(not 1 <= red <= len(THINGS) for red in classes.values()):
        raise ValueError(f'{path}: an instance (green) has not one class '
                         f'(red) of 1..{len(THINGS)}; is it a file of '
                         'annotations_instance?')
    return classes


def _sources(root: Path, part: str) -> List[Source]:
    name = PARTS[part]
    remedies = dict(
        images=f'It is in ADEChallengeData2016.zip of {_SITE}.',
        annotations=f'It is in ADEChallengeData2016.zip of {_SITE}.',
        annotations_instance='Unpack annotations_instance.tar '
        f'({_SITE}/data/ChallengeData2017/annotations_instance.tar) in '
        f'{root}.')
    folders = [
        need(root / kind / name, 'The folder', remedy)
        for kind, remedy in remedies.items()
    ]
    return pair_images(folders[0], folders[1:], '.png')


def _compare_classes(json_path: Path, part: str, tables: AdeTables,
                     classes: Sequence[SceneClass]) -> None:
    """Tell for how many classes the number of images is the listed one."""
    shown = np.zeros(len(THINGS + STUFF) + 1, int)
    for annotation in read_json(json_path)['annotations']:
        ids = {s['category_id'] for s in annotation['segments_info']}
        shown[list(ids)] += 1
    shown = shown[tables.scene[1:] + 1]
    listed = np.array([getattr(entry, part) for entry in classes])
    worst = int(np.abs(shown - listed).argmax())
    print(f'  images that show a class, against objectInfo150.txt: '
          f'{(shown == listed).sum()} of 150 classes agree; the largest '
          f'difference is that of {classes[worst].name!r}, {shown[worst]} '
          f'(listed {listed[worst]})')
