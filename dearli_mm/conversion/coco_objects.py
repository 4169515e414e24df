"""COCO panoptic to COCO-Objects: 80 things and one background."""
import json
from pathlib import Path
from typing import Any, Dict, List, NamedTuple

import numpy as np
from mmdet.datasets import CocoPanopticDataset
from PIL import Image

from ..datasets.panoptic_files import Segmented, Source
from ..functional.panoptic_ids import number_segments, rgb2id
from .panoptic_writer import Counts, Target, make_categories, write_panoptic
from .sources import need

PARTS = dict(train='train2017', val='val2017')
PUBLISHED_IMAGES = dict(train=118287, val=5000)
THINGS = CocoPanopticDataset.METAINFO['thing_classes']
_SITE = 'http://images.cocodataset.org/annotations'


class Thing(NamedTuple):
    """A thing of a COCO annotation: id in the PNG, our category, crowd."""
    id: int
    category_id: int
    iscrowd: int


def convert_coco_objects(root: str, workers: int = 4) -> Dict[str, Counts]:
    """Write COCO-Objects beside COCO panoptic.

    Needs ``annotations/panoptic_{train,val}2017.json`` and the folders of PNG
    files of the same names. Writes ``annotations/panoptic_objects_*`` in the
    same form: things as they are; every stuff segment and every pixel without
    a segment is one segment of the class ``background``. Crowds stay crowds.

    Args:
        root (str): Folder of COCO. Parts that are not there at all are left
            out (to convert val alone), but not both.
        workers (int): Processes.

    Returns:
        dict[str, Counts]: Of the parts.

    Raises:
        FileNotFoundError: If files are missing.
        ValueError: If the categories are not COCO's.
    """
    folder = Path(root) / 'annotations'
    parts = {
        part: name for part, name in PARTS.items()
        if (folder / f'panoptic_{name}.json').exists()
    }
    if not parts:
        need(folder / 'panoptic_val2017.json', 'The annotation file',
             f'Unpack panoptic_annotations_trainval2017.zip of {_SITE} in '
             f'{root}.')
    counts = {}
    for part, name in parts.items():
        pngs = need(folder / f'panoptic_{name}', 'The folder of PNG files',
                    f'Unpack annotations/panoptic_{name}.zip there.')
        counts[part] = convert_coco_part(
            folder / f'panoptic_{name}.json', pngs,
            folder / f'panoptic_objects_{name}.json',
            folder / f'panoptic_objects_{name}', workers)
        agrees = counts[part].images == PUBLISHED_IMAGES[part]
        print(f'COCO-Objects {part}: {counts[part]}\n'
              f'  published: {PUBLISHED_IMAGES[part]} images, 80 things + 1 '
              f'({"agrees" if agrees else "DIFFERS"})')
    return counts


def convert_coco_part(json_path: Path, png_folder: Path, out_json: Path,
                      out_folder: Path, workers: int = 4) -> Counts:
    """Convert one annotation file; see :func:`convert_coco_objects`."""
    content = json.loads(json_path.read_text())
    our_ids = _our_ids(content['categories'], json_path)
    image_of = {image['id']: image for image in content['images']}
    sources = [
        Source(
            image_of[annotation['image_id']]['file_name'],
            (str(png_folder / annotation['file_name']), str(json_path)), [
                Thing(s['id'], our_ids[s['category_id']], s.get('iscrowd', 0))
                for s in annotation['segments_info']
                if s['category_id'] in our_ids
            ]) for annotation in content['annotations']
    ]
    missing = [s.inputs[0] for s in sources if not Path(s.inputs[0]).is_file()]
    if missing:
        raise FileNotFoundError(
            f'{len(missing)} PNG files of {json_path} are not there, for '
            f'instance {missing[0]}')
    target = Target(
        out_json, out_folder, make_categories(THINGS, ['background']),
        dict(description='COCO panoptic, stuff and void merged into '
             'background', converter='coco_objects'))
    return write_panoptic(sources, read_objects, target, workers,
                          out_json.stem)


def read_objects(source: Source) -> Segmented:
    """Read the things of an image; all else is the last segment.

    Args:
        source (Source): Inputs: the PNG; extra: a list of :class:`Thing`.
    """
    with Image.open(source.inputs[0]) as image:
        ids = rgb2id(np.asarray(image.convert('RGB')))
    found = source.extra
    numbers, _ = number_segments(ids, [thing.id for thing in found])
    numbers[numbers == 0] = len(found) + 1
    return Segmented(
        numbers, [thing.category_id for thing in found] + [len(THINGS) + 1],
        [thing.iscrowd for thing in found] + [0])


def _our_ids(categories: List[Dict[str, Any]], path: Path) -> Dict[int, int]:
    """Our category id of each thing of COCO."""
    names = [c['name'] for c in categories if c['isthing']]
    if sorted(names) != sorted(THINGS):
        raise ValueError(
            f'{path} lists {len(names)} things that are not the 80 of COCO '
            'panoptic; is it one of panoptic_annotations_trainval2017.zip?')
    return {
        c['id']: THINGS.index(c['name']) + 1
        for c in categories if c['isthing']
    }
