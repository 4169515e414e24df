"""A look at stored masks: overlays and statistics."""
import random
from pathlib import Path
from typing import Dict, List, Optional, Sequence

import numpy as np
from pycocotools import mask as coco_mask
from terminaltables import AsciiTable
from tqdm import tqdm

from dearli_mm.datasets.masks import MaskFolder
from dearli_mm.utils.atomic import atomic_path, write_text
from dearli_mm.visualization import (draw_segments, enlarge, palette,
                                     panel_size, side_by_side)

from .generate import read_rgb

QUANTITIES = {
    'masks per image': 'count',
    'area, % of the image': 'area',
    'predicted IoU': 'predicted_iou',
    'stability': 'stability_score',
    'image covered, %': 'covered'
}


def compose_by_area(masks: np.ndarray) -> np.ndarray:
    """Lay overlapping masks over each other, small ones on top.

    Args:
        masks (np.ndarray): bool [N, H, W].

    Returns:
        np.ndarray: int32 [H, W]; 0 where there is no mask, else 1 + the rank
        of the smallest mask there by decreasing area (equal areas in order).
    """
    order = np.argsort(-masks.sum((1, 2)), kind='stable')
    composed = np.zeros(masks.shape[1:], np.int32)
    for rank, index in enumerate(order):
        composed[masks[index]] = rank + 1
    return composed


def draw_masks(image: np.ndarray, annotations: Sequence[dict]) -> np.ndarray:
    """An image beside the same with its masks, each in its own colour.

    Args:
        image (np.ndarray): uint8 RGB [H, W, 3].
        annotations (Sequence[dict]): Its COCO annotations.

    Returns:
        np.ndarray: uint8 RGB.
    """
    masks = np.zeros((0, *image.shape[:2]), bool)
    if annotations:
        masks = coco_mask.decode([a['segmentation'] for a in annotations
                                  ]).transpose(2, 0, 1).astype(bool)
    size = panel_size(*image.shape[:2])
    image = enlarge(image, size)
    colors = palette(max(1, len(masks)))
    overlay = draw_segments(image, enlarge(compose_by_area(masks), size),
                            np.arange(len(masks)), colors)
    return side_by_side([('image', image), (f'{len(masks)} masks', overlay)],
                        [], colors, 1)


def browse_masks(masks: str,
                 images: Optional[str],
                 out: str,
                 num_overlays: int = 16,
                 num_images: Optional[int] = None,
                 seed: int = 0) -> str:
    """Write overlays, a picture and a table of statistics.

    Args:
        masks (str): Folder that tools/sam_masks.py wrote.
        images (str, optional): Folder of the images; without it there are no
            overlays.
        out (str): Folder for ``<name>.png``, ``statistics.png`` and
            ``statistics.txt``.
        num_overlays (int): Number of images to draw. Defaults to 16.
        num_images (int, optional): Number of images that count in the
            statistics, drawn at random. Defaults to all.
        seed (int): Of the choice. Defaults to 0.

    Returns:
        str: The table.

    Raises:
        FileNotFoundError: If there are no masks, or an image is not there.
    """
    from PIL import Image
    folder = MaskFolder(masks)
    meta, names = folder.meta(), folder.names()
    if not names:
        raise FileNotFoundError(f'{masks} holds no masks yet')
    random.Random(seed).shuffle(names)
    target = Path(out)
    for name in names[:num_overlays] if images else ():
        picture = draw_masks(
            read_rgb(str(Path(images) / name)),
            folder.read(name)['annotations'])
        with atomic_path(target / Path(name).with_suffix('.png')) as path:
            Image.fromarray(picture).save(path, 'PNG')
    statistics = collect_statistics(folder, names[:num_images])
    title = ', '.join(f'{k}={v}' for k, v in meta['settings'].items())
    table = statistics_table(statistics)
    write_text(target / 'statistics.txt', f'{title}\n{table}\n')
    _plot(statistics, meta['settings']['generator'],
          target / 'statistics.png')
    return table


def collect_statistics(folder: MaskFolder,
                       names: Sequence[str]) -> Dict[str, np.ndarray]:
    """Values of each of ``QUANTITIES``, a mask or an image each.

    Args:
        folder (MaskFolder): Holds the masks.
        names (Sequence[str]): Images that count.
    """
    found: Dict[str, List[float]] = {key: [] for key in QUANTITIES.values()}
    for name in tqdm(names, desc='statistics', mininterval=2):
        content = folder.read(name)
        image, annotations = content['images'][0], content['annotations']
        pixels = image['height'] * image['width']
        found['count'].append(len(annotations))
        union = coco_mask.merge([a['segmentation'] for a in annotations])
        found['covered'].append(
            100 * coco_mask.area(union) / pixels if annotations else 0)
        for annotation in annotations:
            found['area'].append(100 * annotation['area'] / pixels)
            for key in ('predicted_iou', 'stability_score'):
                found[key].append(annotation[key])
    return {key: np.asarray(values) for key, values in found.items()}


def statistics_table(statistics: Dict[str, np.ndarray]) -> str:
    """Quantiles of what :func:`collect_statistics` found."""
    rows = [['', 'number', 'mean', 'min', '10 %', 'median', '90 %', 'max']]
    for title, key in QUANTITIES.items():
        values = statistics[key]
        cells = ['-'] * 6
        if len(values):
            quantiles = np.quantile(values, [0, 0.1, 0.5, 0.9, 1])
            cells = [f'{v:.2f}' for v in (values.mean(), *quantiles)]
        rows.append([title, len(values), *cells])
    table = AsciiTable([[str(cell) for cell in row] for row in rows])
    table.justify_columns = {k: 'right' for k in range(1, 8)}
    empty = int((statistics['count'] == 0).sum())
    return f'{table.table}\nimages without masks: {empty}'


def _plot(statistics: Dict[str, np.ndarray], generator: str,
          path: Path) -> None:
    """Histograms of masks per image, area and stability."""
    from matplotlib.figure import Figure
    figure = Figure(figsize=(12, 3.4), layout='constrained')
    shown = ('masks per image', 'area, % of the image', 'stability')
    for axis, title in zip(figure.subplots(1, len(shown)), shown):
        values = statistics[QUANTITIES[title]]
        bins = 40
        if title.startswith('masks'):  # whole numbers
            low, high = values.min(), values.max()
            bins = np.arange(low, high + 2, 1 + (high - low) // 40) - 0.5
        if title.startswith('area'):
            axis.set_xscale('log')
            bins = np.geomspace(min(values.min(initial=100), 1), 100, 40)
        axis.hist(values, bins=bins, color='#2288ee')
        axis.set_xlabel(title)
        axis.set_ylabel('images' if title.startswith('masks') else 'masks')
    figure.suptitle(f'{len(statistics["count"])} images, '
                    f'{len(statistics["area"])} masks of {generator}')
    with atomic_path(path) as part:
        figure.savefig(part, dpi=100, format='png')
