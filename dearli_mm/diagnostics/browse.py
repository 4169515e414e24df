"""What a training step will see, as pictures."""
from pathlib import Path
from typing import Dict, List, Sequence, Tuple

import numpy as np
import torch
from mmdet.registry import DATASETS
from mmdet.structures import DetDataSample
from PIL import Image
from torch.utils.data import Dataset

from ..datasets.samplers import Draw, mix_seeds
from ..functional import cutmix_box
from ..visualization import (contact_sheet, draw_segments, palette,
                              side_by_side)
from ..utils.config_datasets import find_parts, read_config

Panel = Tuple[str, np.ndarray]
BOX_COLOR = (255, 0, 255)


def browse_dataset(config: str, out: str, number: int = 4,
                   seed: int = 0) -> List[Path]:
    """Draw the training data of a config, augmented as training does.

    A picture shows a labelled image, the same with its segments, and, of an
    unlabelled one, the weak view (the teacher's), the strong view (the
    student's), and the strong view with the CutMix box of the next one.

    Args:
        config (str): Config file; of a supervised one the labelled panels
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
    parts = {part.role: DATASETS.build(part.settings)
             for part in find_parts(settings) if part.role != 'val'}
    if not parts:
        raise ValueError(f'{config} has no train_dataloader')
    rows: List[List[Panel]] = [[] for _ in range(number)]
    present: List[Sequence[int]] = [[] for _ in range(number)]
    classes, colors = (), palette(0)
    if 'labeled' in parts:
        classes = parts['labeled'].metainfo['classes']
        colors = _colors(parts['labeled'])
        rows, present = _labeled_panels(parts['labeled'], number, seed)
    if 'unlabeled' in parts:
        cutmix = settings.get('model', {}).get('semi_train_cfg', {}).get(
            'cutmix', {})
        more = _unlabeled_panels(parts['unlabeled'], number, seed, cutmix)
        rows = [row + panels for row, panels in zip(rows, more)]
    return _save([
        side_by_side(row, classes, colors, present=set(labels))
        for row, labels in zip(rows, present)
    ], Path(out))


def _colors(dataset: Dataset) -> np.ndarray:
    """The dataset's own palette; ours if it has none."""
    count = len(dataset.metainfo['classes'])
    own = dataset.metainfo.get('palette', ())
    # A dataset of mmdet with other classes keeps the palette of COCO.
    return np.uint8(own) if len(own) == count else palette(count)


def _draw(dataset: Dataset, number: int, seed: int) -> List[dict]:
    """Items as the sampler would draw them, each image at most once."""
    order = np.random.default_rng(seed).permutation(len(dataset))
    return [dataset[Draw(int(order[k % len(order)]), mix_seeds(seed, k))]
            for k in range(number)]


def _labeled_panels(
        dataset: Dataset, number: int,
        seed: int) -> Tuple[List[List[Panel]], List[Sequence[int]]]:
    """Panels of each labelled image, and the classes that it shows."""
    classes = dataset.metainfo['classes']
    colors = _colors(dataset)
    rows, present = [], []
    for item in _draw(dataset, number, seed):
        image, sample = _to_rgb(item['inputs']), item['data_samples']
        segment_map, labels = segments_of(sample, len(classes))
        overlay = draw_segments(image, segment_map, labels, colors)
        rows.append([(f'labelled: {_name(sample)}', image),
                     ('its segments', overlay)])
        present.append(labels)
    return rows, present


def _unlabeled_panels(dataset: Dataset, number: int, seed: int,
                      cutmix: Dict) -> List[List[Panel]]:
    items = _draw(dataset, number + 1, seed + 1)
    strong = [_to_rgb(item['inputs']['strong']) for item in items]
    generator = torch.Generator().manual_seed(seed)
    shape = {key: cutmix[key] for key in ('area', 'aspect') if key in cutmix}
    rows = []
    for k, item in enumerate(items[:number]):
        mixed = strong[k].copy()
        box = cutmix_box(mixed.shape[:2], generator=generator, **shape)
        _paste(mixed, strong[k + 1], box)
        name = _name(item['data_samples']['weak'])
        rows.append([(f'weak: {name}', _to_rgb(item['inputs']['weak'])),
                     ('strong', strong[k]), ('CutMix box', mixed)])
    return rows


def segments_of(sample: DetDataSample,
                num_classes: int) -> Tuple[np.ndarray, List[int]]:
    """Numbered segments of a packed training sample.

    Args:
        sample (DetDataSample): Has ``gt_instances`` (masks, labels) and,
            with stuff, ``gt_sem_seg``.
        num_classes (int): Number of classes C.

    Returns:
        tuple[np.ndarray, list[int]]: int32 ``[H, W]``, 0 is void, and the
        class of segments 1..n; stuff first.
    """
    masks = sample.gt_instances.masks.masks.astype(bool)
    segment_map = np.zeros(masks.shape[1:], np.int32)
    labels: List[int] = []
    things = sample.gt_instances.labels.tolist()
    if 'gt_sem_seg' in sample:
        classes = sample.gt_sem_seg.sem_seg[0].numpy()
        for label in np.unique(classes):
            if label < num_classes:
                labels.append(int(label))
                segment_map[classes == label] = len(labels)
    for label, mask in zip(things, masks):
        labels.append(label)
        segment_map[mask] = len(labels)
    return segment_map, labels


def _paste(image: np.ndarray, partner: np.ndarray,
           box: Sequence[int]) -> None:
    y0, x0, y1, x1 = box
    line = max(1, len(image) // 128)
    image[y0:y1, x0:x1] = BOX_COLOR
    inner = np.s_[y0 + line:y1 - line, x0 + line:x1 - line]
    image[inner] = partner[inner]


def _to_rgb(inputs: torch.Tensor) -> np.ndarray:
    """mmdet's BGR ``[3, H, W]`` as RGB ``[H, W, 3]`` of 8 bits."""
    # SSD's colour augmentation leaves floats, a little beyond 0..255.
    rgb = inputs.numpy()[::-1].transpose(1, 2, 0).round().clip(0, 255)
    return np.ascontiguousarray(rgb, dtype=np.uint8)


def _name(sample: DetDataSample) -> str:
    return Path(sample.img_path).name


def _save(pictures: List[np.ndarray], out: Path) -> List[Path]:
    out.mkdir(parents=True, exist_ok=True)
    names = [f'browse_{k}.jpg' for k in range(len(pictures))]
    for name, picture in zip([*names, 'browse.jpg'],
                             [*pictures, contact_sheet(pictures)]):
        Image.fromarray(picture).save(out / name, quality=90)
    return [out / name for name in [*names, 'browse.jpg']]
