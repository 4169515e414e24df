"""What the labelled part of a config shows."""
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from ..datasets.image_names import ImageNames
from ..datasets.splits import read_split, split_indices
from ..utils.atomic import atomic_path
from ..utils.config_datasets import find_parts, read_config
from ..utils.text_files import read_json


class DatasetStats(NamedTuple):
    """The labelled part of a dataset.

    Attributes:
        images (int): Labelled images.
        total (int): Images of the annotation file.
        void_share (float): Pixels of labelled images without a segment, 0..1.
        classes (DataFrame): Indexed by name in the model's order: ``kind``
            ('thing' or 'stuff'), ``images`` (labelled ones that show the
            class), ``segments`` (crowds included), ``area`` (share of all
            labelled pixels, percent).
    """
    images: int
    total: int
    void_share: float
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
    parts = [part for part in find_parts(read_config(config))
             if part.role == 'labeled' and part.files is not None]
    if not parts:
        raise ValueError(
            f'{config} has no labelled part with panoptic annotation '
            '(train_dataloader.labeled, or train_dataloader.dataset with '
            "ann_file and data_prefix['seg'])")
    files, split = parts[0].files, parts[0].settings.get('split')
    content = read_json(files.ann_file)
    images = content['images']
    if split is not None:
        names = ImageNames([image['file_name'] for image in images])
        images = [images[k] for k in split_indices(
            names, read_split(split), str(split))]
    images = {image['id']: image for image in images}
    segments = pd.DataFrame([
        dict(image=annotation['image_id'], category=segment['category_id'],
             area=segment['area']) for annotation in content['annotations']
        if annotation['image_id'] in images
        for segment in annotation['segments_info']
    ], columns=['image', 'category', 'area'])
    pixels = max(sum(i['height'] * i['width'] for i in images.values()), 1)
    counts = segments.groupby('category').agg(
        images=('image', 'nunique'), segments=('image', 'size'),
        area=('area', 'sum'))
    categories = pd.DataFrame(content['categories']).set_index('id')
    counts = categories.join(counts).set_index('name').reindex(
        list(files.classes)).fillna(0)
    return DatasetStats(
        len(images), len(content['images']),
        1 - segments.area.sum() / pixels,
        pd.DataFrame(
            dict(
                kind=counts.isthing.map(lambda x: 'thing' if x else 'stuff'),
                images=counts.images.astype(int),
                segments=counts.segments.astype(int),
                area=100 * counts.area / pixels)))


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
