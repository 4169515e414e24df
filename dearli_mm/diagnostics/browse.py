"""What a training step will see, as pictures."""
from pathlib import Path
from typing import Dict, List, Sequence, Tuple

import cv2
import numpy as np
import torch
from mmengine.config import Config
from mmengine.runner import set_random_seed
from PIL import Image
from torch.utils.data import Dataset

from ..datasets.config_datasets import build_quietly, find_parts, read_config
from ..functional import cutmix_box
from ..models.heads.panoptic_targets import targets_of_samples
from ..utils.atomic import atomic_path
from ..visualization import (contact_sheet, draw_segments, palette,
                             side_by_side)
from ..visualization.sample_panels import class_colors

Panel = Tuple[str, np.ndarray]
BOX_COLOR = (255, 0, 255)


def browse_dataset(config: str, out: str, number: int = 4,
                   seed: int = 0) -> List[Path]:
    """Draw the training data of a config, augmented as training does.

    A picture shows a labelled image, the same with its segments, and, for an
    unlabelled one, the weak view (the teacher's), the strong view (the
    student's), and the strong view with the CutMix box of the next one.

    Args:
        config (str): Config file; for a supervised one the labelled panels
            are drawn alone.
        out (str): Folder; gets ``browse_<k>.jpg`` and ``browse.jpg`` with all.
        number (int): Pictures. Defaults to 4.
        seed (int): Of choice and augmentation. Defaults to 0.

    Returns:
        list[Path]: The pictures, the sheet of all last.

    Raises:
        ValueError: If the config has no training data.
    """
    settings = read_config(config)
    parts = training_data(settings)
    classes, colors = (), palette(0)
    rows: List[List[Panel]] = [[] for _ in range(number)]
    present: List[Sequence[int]] = [[] for _ in range(number)]
    if 'labeled' in parts:
        meta = parts['labeled'].metainfo
        classes, colors = meta['classes'], class_colors(meta)
        for k, item in enumerate(_draw(parts['labeled'], number, seed)):
            rows[k], present[k] = _labeled_panels(item, meta, colors)
    if 'unlabeled' in parts:
        cutmix = settings.get('model', {}).get('semi_train_cfg', {}).get(
            'cutmix', {})
        items = _draw(parts['unlabeled'], number + 1, seed + 1)
        for row, panels in zip(rows, _unlabeled_panels(items, seed, cutmix)):
            row += panels
    pictures = [side_by_side(row, classes, colors, present=set(labels))
                for row, labels in zip(rows, present)]
    paths = [Path(out) / f'browse_{k}.jpg' for k in range(number)]
    paths.append(Path(out) / 'browse.jpg')
    for path, picture in zip(paths, [*pictures, contact_sheet(pictures)]):
        with atomic_path(path) as part:
            Image.fromarray(picture).save(part, format='JPEG', quality=90)
    return paths


def training_data(config: Config) -> Dict[str, Dataset]:
    """Datasets of the training loaders, by role.

    Raises:
        ValueError: If there are none.
    """
    parts = {part.role: build_quietly(part.settings)
             for part in find_parts(config) if part.role != 'val'}
    if not parts:
        raise ValueError(f'{config.filename} has no train_dataloader')
    return parts


def _draw(dataset: Dataset, number: int, seed: int) -> List[dict]:
    """Augmented items; an image comes twice only if there are too few."""
    order = np.random.default_rng(seed).permutation(len(dataset))
    items = []
    for k in range(number):
        set_random_seed(seed + 1000 * k)
        items.append(dataset[int(order[k % len(order)])])
    return items


def _labeled_panels(item: dict, meta: dict,
                    colors: np.ndarray) -> Tuple[List[Panel], List[int]]:
    """Panels of a labelled image, and the classes that it shows."""
    image, sample = _to_rgb(item['inputs']), item['data_samples']
    num_classes = len(meta['classes'])
    num_things = len(meta.get('thing_classes', meta['classes']))
    targets, = targets_of_samples([sample], num_things, num_classes)
    labels = targets.labels.tolist()
    segment_map = np.zeros(image.shape[:2], np.int32)
    for number, mask in enumerate(targets.masks.numpy(), 1):
        segment_map[mask] = number
    overlay = draw_segments(image, segment_map, labels, colors)
    return [(f'labelled: {Path(sample.img_path).name}', image),
            ('its segments', overlay)], labels


def _unlabeled_panels(items: List[dict], seed: int,
                      cutmix: Dict) -> List[List[Panel]]:
    """Panels of all items but the last, each with a box of the next."""
    strong = [_to_rgb(item['inputs']['strong']) for item in items]
    generator = torch.Generator().manual_seed(seed)
    shape = {key: cutmix[key] for key in ('area', 'aspect') if key in cutmix}
    rows = []
    for item, own, partner in zip(items, strong, strong[1:]):
        y0, x0, y1, x1 = cutmix_box(own.shape[:2], generator=generator,
                                    **shape)
        mixed = own.copy()
        mixed[y0:y1, x0:x1] = partner[y0:y1, x0:x1]
        cv2.rectangle(mixed, (x0, y0), (x1 - 1, y1 - 1), BOX_COLOR,
                      max(1, len(own) // 128))
        name = Path(item['data_samples']['weak'].img_path).name
        rows.append([(f'weak: {name}', _to_rgb(item['inputs']['weak'])),
                     ('strong', own), ('CutMix box', mixed)])
    return rows


def _to_rgb(inputs: torch.Tensor) -> np.ndarray:
    """mmdet's BGR ``[3, H, W]`` as RGB ``[H, W, 3]`` of 8 bits."""
    # Colour augmentation may leave floats, a little beyond 0..255.
    rgb = inputs.numpy()[::-1].transpose(1, 2, 0).round().clip(0, 255)
    return np.ascontiguousarray(rgb, dtype=np.uint8)
