"""Pascal VOC 2012 as it is downloaded to VOC 2012 panoptic."""
from pathlib import Path
from typing import Dict, List, Sequence, Set

import numpy as np

from ..datasets import VOC2012PanopticDataset
from ..datasets.panoptic_files import Segmented, Source
from ..utils.text_files import read_lines
from .keys import KeyTable, segments_of_keys
from .panoptic_writer import Counts, Target, make_categories, write_published
from .semantic import read_labels
from .sources import need, read_map

PUBLISHED_IMAGES = dict(train=1464, trainaug=10582, val=1449)
THINGS = VOC2012PanopticDataset.METAINFO['thing_classes']
STUFF = VOC2012PanopticDataset.METAINFO['stuff_classes']
BORDER = 255  # value of the border of objects, which has no class
# Class of each value of a semantic file: 0 is background, then the things.
LABELS = {0: len(THINGS), **{k + 1: k for k in range(len(THINGS))}}
_SITE = 'http://host.robots.ox.ac.uk/pascal/VOC/voc2012'
_ARCHIVE = f'Unpack VOCtrainval_11-May-2012.tar of {_SITE}.'
_AUGMENTED = 'SegmentationClassAug'


def convert_voc2012(root: str, workers: int = 4) -> Dict[str, Counts]:
    """Write panoptic annotation beside that of the archive.

    Needs in ``root`` ``JPEGImages``, ``ImageSets/Segmentation``,
    ``SegmentationClass`` and ``SegmentationObject``, and writes
    ``voc2012_panoptic_{train,val}.json`` and folders of PNG files of the same
    names. With the labels of SBD in ``SegmentationClassAug`` (or in
    ``SegmentationClass``) it writes ``voc2012_panoptic_trainaug``, too: all
    labelled images but those of val.

    Instances are those of ``SegmentationObject``; object pixels outside of
    them are a crowd. The further images of SBD's labels have classes alone:
    there every connected component of an object class is an instance, so
    that objects which touch are one. Borders are void. The class of every
    pixel is that of the semantic file, so mIoU needs no other ground truth.

    Args:
        root (str): Folder ``VOCdevkit/VOC2012``.
        workers (int): Processes.

    Returns:
        dict[str, Counts]: Of the parts.

    Raises:
        FileNotFoundError: If a part of the archive is not there.
        ValueError: If a file is not what it should be.
    """
    folder = Path(root)
    counts = {}
    for part, sources in _parts(folder).items():
        target = Target(
            folder / f'voc2012_panoptic_{part}.json',
            make_categories(THINGS, STUFF),
            dict(description=f'Pascal VOC 2012 panoptic, {part}',
                 converter='voc2012'))
        counts[part] = write_published(sources, _read_image, target, workers,
                                       f'VOC 2012 {part}',
                                       PUBLISHED_IMAGES[part])
    if 'trainaug' not in counts:
        print(f'voc2012_panoptic_trainaug.json is not written: there are no '
              f'labels of SBD in {folder / _AUGMENTED} (docs/data.md tells '
              'where they come from)')
    return counts


def _make_table() -> KeyTable:
    """Of keys 256 class + object."""
    category_ids = np.full((256, 256), -1)
    category_ids[BORDER] = 0
    for value, label in LABELS.items():
        category_ids[value] = label + 1
    iscrowd = np.zeros((256, 256), bool)
    iscrowd[1:len(THINGS) + 1, [0, BORDER]] = True
    return KeyTable(category_ids.ravel(), iscrowd.ravel())


_TABLE = _make_table()


def _read_image(source: Source) -> Segmented:
    """Segments of image, semantic PNG and, if there is one, object PNG."""
    if len(source.inputs) == 2:
        return read_labels(source, LABELS, (BORDER, ), len(THINGS))
    image, *paths = source.inputs
    classes, objects = (read_map(path, image, limit=255) for path in paths)
    # Of background, numbers of objects mean nothing.
    keys = 256 * classes + np.where(classes == 0, 0, objects)
    return segments_of_keys(keys, _TABLE, paths[0])


def _parts(root: Path) -> Dict[str, List[Source]]:
    """The images of each part; of ``trainaug`` if there are more labels."""
    for name in ('JPEGImages', 'SegmentationClass', 'SegmentationObject'):
        need(root / name, 'The folder', _ARCHIVE)
    names = {
        part: read_lines(need(root / f'ImageSets/Segmentation/{part}.txt',
                              'The list', _ARCHIVE))
        for part in ('train', 'val')
    }
    labeled = {path.stem for kind in ('SegmentationClass', _AUGMENTED)
               for path in (root / kind).glob('*.png')}
    more = labeled - set(names['train']) - set(names['val'])
    if more:
        names['trainaug'] = sorted({*names['train'], *more})
    own = {*names['train'], *names['val']}
    return {part: _sources(root, stems, own)
            for part, stems in names.items()}


def _sources(root: Path, stems: Sequence[str],
             own: Set[str]) -> List[Source]:
    """Inputs of images; those of VOC's ``own`` lists have instances."""
    sources = []
    for stem in stems:
        classes = root / 'SegmentationClass' / f'{stem}.png'
        paths = [root / 'JPEGImages' / f'{stem}.jpg', classes]
        if stem in own:
            paths.append(root / 'SegmentationObject' / f'{stem}.png')
        elif not classes.is_file():
            paths[1] = root / _AUGMENTED / f'{stem}.png'
        sources.append(Source(f'{stem}.jpg', tuple(map(str, paths))))
    missing = [path for source in sources for path in source.inputs
               if not Path(path).is_file()]
    if missing:
        raise FileNotFoundError(f'{len(missing)} files of {len(sources)} '
                                f'images are not there, for instance '
                                f'{missing[0]}. {_ARCHIVE}')
    return sources
