"""What the labelled part of a config shows."""
import json
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional

import numpy as np

from ..datasets.splits import read_split
from ..utils.config_datasets import Part, find_parts, read_config


class ClassStats(NamedTuple):
    """A class in the labelled images.

    Attributes:
        name (str): Of the class.
        is_thing (bool): Whether it is countable.
        images (int): Labelled images that show it.
        segments (int): Segments, crowds included.
        share (float): Of all labelled pixels, 0..1.
    """
    name: str
    is_thing: bool
    images: int
    segments: int
    share: float


class DatasetStats(NamedTuple):
    """The labelled part of a dataset.

    Attributes:
        images (int): Labelled images.
        total (int): Images of the annotation file.
        void_share (float): Pixels of labelled images without a segment, 0..1.
        classes (list[ClassStats]): In the model's order.
    """
    images: int
    total: int
    void_share: float
    classes: List[ClassStats]

    @property
    def missing(self) -> List[str]:
        """list[str]: Classes that no labelled image shows."""
        return [c.name for c in self.classes if c.images == 0]


def dataset_stats(config: str) -> DatasetStats:
    """Count classes in the labelled part of a config.

    Args:
        config (str): Config file.

    Returns:
        DatasetStats: Of the labelled part.

    Raises:
        ValueError: If the config has no labelled part with panoptic
            annotation.
        FileNotFoundError: If a file is not there.
    """
    part = _labeled_part(find_parts(read_config(config)), config)
    path = Path(part.files.ann_file)
    if not path.is_file():
        raise FileNotFoundError(f'the annotation file {path} is not there')
    content = json.loads(path.read_text())
    stems = _stems(part.settings.get('split'))
    images = {
        image['id']: image for image in content['images']
        if stems is None or Path(image['file_name']).stem in stems
    }
    names = {c['id']: c['name'] for c in content['categories']}
    shown: Dict[str, set] = {name: set() for name in names.values()}
    count = dict.fromkeys(names.values(), 0)
    area = dict.fromkeys(names.values(), 0)
    for annotation in content['annotations']:
        if annotation['image_id'] not in images:
            continue
        for segment in annotation['segments_info']:
            name = names[segment['category_id']]
            shown[name].add(annotation['image_id'])
            count[name] += 1
            area[name] += segment['area']
    pixels = sum(im['height'] * im['width'] for im in images.values())
    things = {c['name'] for c in content['categories'] if c['isthing']}
    return DatasetStats(
        len(images), len(content['images']),
        1 - sum(area.values()) / max(pixels, 1), [
            ClassStats(name, name in things, len(shown.get(name, ())),
                       count.get(name, 0),
                       area.get(name, 0) / max(pixels, 1))
            for name in part.files.classes
        ])


def stats_table(stats: DatasetStats) -> str:
    """The statistics as lines of text, most frequent class first."""
    width = max(len(_short(c.name)) for c in stats.classes)
    lines = [f'{stats.images} labelled images of {stats.total}, '
             f'{100 * stats.void_share:.2f} % of their pixels void',
             f'{"class":{width}}  kind   images  segments  area %']
    for entry in sorted(stats.classes, key=lambda c: -c.images):
        kind = 'thing' if entry.is_thing else 'stuff'
        lines.append(f'{_short(entry.name):{width}}  {kind}  {entry.images:6d}'
                     f'  {entry.segments:8d}  {100 * entry.share:6.2f}')
    if stats.missing:
        lines.append(f'{len(stats.missing)} classes without a labelled '
                     f'example: {"; ".join(map(_short, stats.missing))}')
    else:
        lines.append('every class has a labelled example')
    return '\n'.join(lines)


def draw_stats(stats: DatasetStats, path: str) -> None:
    """Draw bars of images and area a class; things and stuff in colours."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    entries = sorted(stats.classes, key=lambda c: c.images)
    figure = Figure(figsize=(9, 1.5 + 0.22 * len(entries)),
                    layout='constrained')
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, sharey=True)
    place = np.arange(len(entries))
    colors = ['#2288ee' if c.is_thing else '#77aa44' for c in entries]
    left.barh(place, [c.images for c in entries], color=colors)
    right.barh(place, [100 * c.share for c in entries], color=colors)
    left.set_yticks(place, [_short(c.name) for c in entries], fontsize=8)
    for label, entry in zip(left.get_yticklabels(), entries):
        label.set_color('#cc2222' if entry.images == 0 else '#202020')
    left.set_ylim(-0.6, len(entries) - 0.4)
    left.set_title(f'images, of {stats.images} labelled', fontsize=10)
    right.set_title('share of their pixels, %', fontsize=10)
    figure.suptitle('things blue, stuff green, not shown at all red',
                    fontsize=9)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100)


def _labeled_part(parts: List[Part], config: str) -> Part:
    for part in parts:
        if part.role == 'labeled' and part.files is not None:
            return part
    raise ValueError(f'{config} has no labelled part with panoptic annotation '
                     '(train_dataloader.labeled, or train_dataloader.dataset '
                     "with ann_file and data_prefix['seg'])")


def _stems(split: Optional[str]) -> Optional[set]:
    return None if split is None else set(read_split(split))


def _short(name: str) -> str:
    return name.split(',')[0].strip()
