"""What the labelled part of a config shows."""
import os.path as osp
from pathlib import Path
from typing import List, NamedTuple, Tuple

import numpy as np
import pandas as pd
from mmdet.datasets import CocoPanopticDataset

from ..datasets.config_datasets import find_parts, read_config
from ..datasets.image_names import ImageNames
from ..datasets.panoptic_json import png_name, read_panoptic_json
from ..datasets.splits import split_indices
from ..datasets.transforms.loading import read_panoptic_png
from ..utils.atomic import atomic_path
from .verify import Most, too_few_queries


class DatasetStats(NamedTuple):
    """The labelled part of a dataset.

    Attributes:
        images (int): Labelled images.
        total (int): Images of the annotation file.
        void_share (float): Pixels of labelled images without a segment, 0..1.
        most (str): Which image has the most segments, and what to set if
            the queries are fewer.
        classes (DataFrame): Indexed by name in the model's order: ``kind``
            ('thing' or 'stuff'), ``images`` (labelled ones that show the
            class), ``segments`` (crowds included), ``area`` (share of all
            labelled pixels, percent).
    """
    images: int
    total: int
    void_share: float
    most: str
    classes: pd.DataFrame


def dataset_stats(config: str) -> DatasetStats:
    """Count classes in the labelled part of a config.

    Args:
        config (str): Config file.

    Raises:
        ValueError: If the config has no labelled part with panoptic
            annotation.
        FileNotFoundError: If a file is not there.
    """
    settings = read_config(config)
    parts = [part for part in find_parts(settings)
             if part.role == 'labeled' and part.annotated is not None]
    if not parts:
        raise ValueError(
            f'{config} has no labelled part with panoptic annotation '
            '(train_dataloader.labeled, or train_dataloader.dataset with '
            "ann_file and data_prefix['seg'])")
    dataset, split = parts[0].annotated, parts[0].settings.get('split')
    meta = dataset.metainfo
    content = read_panoptic_json(dataset.ann_file)
    images = content.images
    if split is not None:
        names = ImageNames([image['file_name'] for image in images])
        images = [images[k] for k in split_indices(names, split)]
    rows, pixels = [], 0
    most = Most()
    for image in images:
        segments, size = _segments(dataset, image, content.annotations)
        rows += segments
        pixels += size
        most = max(most, Most(len(segments), image['file_name']))
    segments = pd.DataFrame(rows, columns=['image', 'category', 'area'])
    names = {c['id']: c['name'] for c in content.categories}
    classes = segments.groupby(segments.category.map(names)).agg(
        images=('image', 'nunique'), segments=('image', 'size'),
        area=('area', 'sum')).reindex(
            list(meta.get('classes', ())), fill_value=0)
    classes['area'] = 100 * classes.area / max(pixels, 1)
    classes.insert(0, 'kind', [
        'thing' if name in meta.get('thing_classes', ()) else 'stuff'
        for name in classes.index])
    return DatasetStats(
        len(images), len(content.images),
        1 - segments.area.sum() / max(pixels, 1),
        too_few_queries(settings, most)
        or f'most segments in an image: {most.segments} ({most.image})',
        classes)


def _segments(dataset: CocoPanopticDataset, image: dict,
              annotations: dict) -> Tuple[List[tuple], int]:
    """Image, category and area of each segment, and pixels of the image; from
    the PNG, if the file does not tell them."""
    annotation = annotations.get(image['id'])
    if annotation is None:
        return [], 0
    segments = annotation['segments_info']
    told = 'height' in image and 'width' in image
    if told and all('area' in segment for segment in segments):
        areas, size = {}, image['height'] * image['width']
    else:
        id_map = read_panoptic_png(
            osp.join(dataset.data_prefix['seg'], png_name(image, annotation)))
        areas = dict(zip(*np.unique(id_map, return_counts=True)))
        size = id_map.size
    return [(image['id'], segment['category_id'],
             segment.get('area', areas.get(segment['id'], 0)))
            for segment in segments], size


def stats_table(stats: DatasetStats) -> str:
    """The statistics as lines of text, most frequent class first."""
    table = stats.classes.rename(_short).rename(columns=dict(area='area %'))
    table = table.sort_values('images', ascending=False, kind='stable')
    missing = table.index[table.images == 0]
    return '\n'.join([
        f'{stats.images} labelled images of {stats.total}, '
        f'{100 * stats.void_share:.2f} % of their pixels void',
        table.rename_axis(index=None, columns='class').to_string(
            float_format='{:.2f}'.format),
        stats.most,
        f'without a labelled example ({len(missing)} of {len(table)} '
        f'classes): {"; ".join(missing)}' if len(missing) else
        'every class has a labelled example'
    ])


def draw_stats(stats: DatasetStats, path: str) -> None:
    """Draw bars of images and area per class, things and stuff in colours.

    Args:
        stats (DatasetStats): What to draw.
        path (str): Of the picture; without a suffix it is a PNG.
    """
    from matplotlib.figure import Figure
    table = stats.classes.rename(_short).sort_values('images', kind='stable')
    figure = Figure(figsize=(9, 1.5 + 0.22 * len(table)),
                    layout='constrained')
    left, right = figure.subplots(1, 2, sharey=True)
    colors = table.kind.map(dict(thing='#2288ee', stuff='#77aa44'))
    places = range(len(table))  # names may be alike without their synonyms
    left.barh(places, table.images, color=colors)
    right.barh(places, table.area, color=colors)
    left.set_yticks(places, table.index, fontsize=8)
    for label, count in zip(left.get_yticklabels(), table.images):
        label.set_color('#202020' if count else '#cc2222')
    left.margins(y=0.01)
    left.set_title(f'images, of {stats.images} labelled', fontsize=10)
    right.set_title('share of their pixels, %', fontsize=10)
    figure.suptitle('things blue, stuff green, not shown at all red',
                    fontsize=9)
    with atomic_path(path) as part:
        figure.savefig(part, dpi=100, format=Path(path).suffix[1:] or 'png')


def _short(name: str) -> str:
    return name.split(',')[0].strip()
