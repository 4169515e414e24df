"""Semantic label maps to COCO panoptic."""
from functools import partial
from pathlib import Path
from typing import Dict, List, NamedTuple, Sequence, Tuple

import cv2
import numpy as np
from mmengine.config import Config

from ..datasets.panoptic_files import Segmented, Source
from .panoptic_writer import Counts, Target, make_categories, write_panoptic
from .sources import need, pair_images, read_map

_INSTANCES = (
    'Instances of {things} are connected components (8 neighbours) of the '
    'semantic label, from {min_area} pixels on: things that touch are one '
    'instance, a thing in two parts is two.')


class SemanticSource(NamedTuple):
    """Semantic data on disk.

    Attributes:
        sources (list[Source]): Inputs: image and label PNG.
        classes (tuple[str, ...]): Names of the label values.
        values (dict[int, int]): Index of the class of each pixel value;
            others are void if ``ignore`` has them, else an error.
        ignore (tuple[int, ...]): Values of pixels without a class.
    """
    sources: List[Source]
    classes: Tuple[str, ...]
    values: Dict[int, int]
    ignore: Tuple[int, ...]


def convert_semantic(data: SemanticSource,
                     out: str,
                     things: Sequence[str] = (),
                     min_area: int = 1,
                     workers: int = 4) -> Counts:
    """Write semantic data as COCO panoptic.

    Classes are stuff, one segment per image; of those named as things every
    connected component is an instance, which the file's info says.

    Args:
        data (SemanticSource): From :func:`find_folder` or
            :func:`find_mmseg`.
        out (str): Folder; gets ``panoptic.json`` and ``panoptic/``.
        things (Sequence[str]): Names of the classes that are things.
        min_area (int): Components with fewer pixels are void. Defaults to 1.
        workers (int): Processes.

    Returns:
        Counts: Of the dataset.

    Raises:
        ValueError: If a thing is no class, or a label file holds a value
            that is neither a class nor to be ignored.
    """
    # A class whose value is ignored is none.
    classes = [data.classes[k] for k in sorted(set(data.values.values()))]
    unknown = sorted(set(things) - set(classes))
    if unknown:
        raise ValueError(f'things {unknown} are not among the classes '
                         f'{classes}')
    stuff = [name for name in classes if name not in set(things)]
    things = [name for name in classes if name in set(things)]
    order = {name: k for k, name in enumerate(things + stuff)}
    info = dict(description='Semantic labels as panoptic segments.',
                converter='semantic_to_panoptic', min_area=min_area,
                values=sorted(data.values.items()), ignore=data.ignore)
    if things:
        info['instances'] = _INSTANCES.format(
            things=', '.join(things), min_area=min_area)
    labels = {value: order[data.classes[k]]
              for value, k in data.values.items()}
    target = Target(
        Path(out) / 'panoptic.json',
        make_categories(things, stuff), info)
    read = partial(read_labels, labels=labels, ignore=data.ignore,
                   num_things=len(things), min_area=min_area)
    counts = write_panoptic(data.sources, read, target, workers, out)
    print(f'{target.json_path}: {counts}')
    print(f'  things: {things}\n  stuff: {stuff}')
    return counts


def find_folder(images: str, labels: str, classes: Sequence[str],
                ignore: Sequence[int] = (255, ),
                suffix: str = '.png',
                partial: bool = False) -> SemanticSource:
    """Semantic data as two folders.

    Args:
        images (str): Folder of images.
        labels (str): Folder of label PNG files of the same stems: grey or
            palette, value k is class k.
        classes (Sequence[str]): Names.
        ignore (Sequence[int]): Values without a class. Defaults to (255, ).
        suffix (str): What label files have in place of the image's suffix.
        partial (bool): Leave out images without a label file. Defaults to
            False.
    """
    for path, what in ((images, 'images'), (labels, 'labels')):
        need(Path(path), f'The folder of {what}', 'Give its path.')
    return SemanticSource(
        pair_images(Path(images), [Path(labels)], suffix, partial=partial),
        tuple(classes),
        {k: k for k in range(len(classes)) if k not in set(ignore)},
        tuple(ignore))


def find_mmseg(config: str, loader: str = 'train_dataloader'
               ) -> SemanticSource:
    """Semantic data as an mmseg config names it.

    Args:
        config (str): Config file with data loaders.
        loader (str): Which of them. Defaults to 'train_dataloader'.

    Raises:
        ValueError: If the config has no such loader, or its images do not
            lie in one folder.
    """
    from mmseg.registry import DATASETS
    from mmseg.utils import register_all_modules
    register_all_modules(init_default_scope=False)
    settings = Config.fromfile(config).get(loader)
    if settings is None:
        raise ValueError(f'{config} has no {loader}; name another')
    # Serializing fails, without a word of why, on a dataset without images.
    bare = dict(pipeline=[], serialize_data=False)
    dataset = DATASETS.build({**settings['dataset'], **bare},
                             default_args=dict(_scope_='mmseg'))
    if len(dataset) == 0:
        raise ValueError(f'{config}: mmseg finds no image for {loader}; check '
                         'data_root, data_prefix and img_suffix')
    infos = [dataset.get_data_info(k) for k in range(len(dataset))]
    folder = dataset.data_prefix.get('img_path')
    if not folder or not Path(folder).is_dir():
        raise ValueError(f'{config}: the images of {loader} are not in one '
                         f'folder (data_prefix img_path={folder!r})')
    values, ignore = _mmseg_values(dataset)
    return SemanticSource([
        Source(
            Path(info['img_path']).relative_to(folder).as_posix(),
            (info['img_path'], info['seg_map_path'])) for info in infos
    ], tuple(dataset.metainfo['classes']), values, ignore)


def _mmseg_values(dataset) -> Tuple[Dict[int, int], Tuple[int, ...]]:
    """Class of each pixel value, and the values without one.

    mmseg first takes 1 from all labels (0 becomes void), if told to, and then
    applies the label map of a dataset with some of its classes only.
    """
    count = len(dataset.metainfo['classes'])
    label_map = dataset.label_map or {k: k for k in range(count)}
    first = int(dataset.reduce_zero_label)
    values = {old + first: new for old, new in label_map.items()
              if new < count}
    dropped = [old + first for old in label_map if old + first not in values]
    return values, (*range(first), *dropped, dataset.ignore_index)


def read_labels(source: Source, labels: Dict[int, int],
                ignore: Sequence[int], num_things: int,
                min_area: int = 1) -> Segmented:
    """Segments of a label PNG.

    Args:
        source (Source): Inputs: image and label PNG.
        labels (dict[int, int]): Class of each value, things first.
        ignore (Sequence[int]): Values without a class.
        num_things (int): Classes whose components are instances.
        min_area (int): Smaller components are void, in pixels. Defaults to 1.

    Raises:
        ValueError: If the file has channels, or a value that is not named.
    """
    image, path = source.inputs
    values = read_map(path, image)
    # A value that nobody named is a mistake, not void.
    unknown = set(np.unique(values).tolist()) - set(labels) - set(ignore)
    if unknown:
        raise ValueError(
            f'{path} holds the values {sorted(unknown)}, which are neither '
            f'classes ({sorted(labels)}) nor to be ignored ({list(ignore)})')
    segment_map = np.zeros(values.shape, np.int32)
    category_ids: List[int] = []
    for value, label in sorted(labels.items(), key=lambda item: item[1]):
        mask = values == value
        parts = _components(mask, min_area) if label < num_things else \
            mask.astype(np.int32)
        count = int(parts.max())
        segment_map[parts > 0] = parts[parts > 0] + len(category_ids)
        category_ids += [label + 1] * count
    return Segmented(segment_map, category_ids)


def _components(mask: np.ndarray, min_area: int) -> np.ndarray:
    """Connected components 1..n of at least some area; 0 elsewhere."""
    _, parts, stats, _ = cv2.connectedComponentsWithStats(
        mask.astype(np.uint8), connectivity=8)
    keep = stats[:, cv2.CC_STAT_AREA] >= min_area
    keep[0] = False
    return np.where(keep, keep.cumsum(), 0)[parts].astype(np.int32)
