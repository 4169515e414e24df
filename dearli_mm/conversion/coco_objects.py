"""COCO panoptic to COCO-Objects: 80 things and one background."""
from pathlib import Path
from typing import Dict, List, NamedTuple

from mmdet.datasets import CocoPanopticDataset

from ..datasets.panoptic_files import Segmented, Source
from ..datasets.transforms.loading import read_panoptic_png
from ..functional.panoptic_ids import number_segments
from ..utils.text_files import read_json
from .panoptic_writer import Counts, Target, make_categories, write_published
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
        sources = _sources(folder / f'panoptic_{name}.json', pngs)
        target = Target(
            folder / f'panoptic_objects_{name}.json',
            make_categories(THINGS, ['background']),
            dict(description='COCO panoptic, stuff and void merged into '
                 'background', converter='coco_objects'))
        counts[part] = write_published(sources, _read_objects, target, workers,
                                       f'COCO-Objects {part}',
                                       PUBLISHED_IMAGES[part])
    return counts


def _read_objects(source: Source) -> Segmented:
    """Things of a PNG, as ``extra`` lists them; all else is one segment."""
    found = source.extra
    numbers, _ = number_segments(
        read_panoptic_png(source.inputs[0]), [thing.id for thing in found])
    numbers[numbers == 0] = len(found) + 1
    return Segmented(
        numbers, [thing.category_id for thing in found] + [len(THINGS) + 1],
        [thing.iscrowd for thing in found] + [0])


def _sources(json_path: Path, png_folder: Path) -> List[Source]:
    content = read_json(json_path)
    things = {c['id']: c['name'] for c in content['categories']
              if c['isthing']}
    if sorted(things.values()) != sorted(THINGS):
        raise ValueError(
            f'{json_path} lists {len(things)} things that are not the 80 of '
            'COCO panoptic; is it of panoptic_annotations_trainval2017.zip?')
    our_ids = {key: THINGS.index(name) + 1 for key, name in things.items()}
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
    return sources
