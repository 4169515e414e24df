"""A look at stored masks: overlays and statistics."""
import random
from pathlib import Path
from typing import Dict, Optional, Sequence

import numpy as np
import pandas as pd
from PIL import Image
from pycocotools import mask as coco_mask
from tqdm import tqdm

from ..datasets.masks import MaskFolder, read_mask_file
from ..utils.atomic import atomic_path, write_text
from ..visualization import (draw_segments, enlarge, palette, panel_size,
                             side_by_side)
from .generate import read_rgb


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


def _draw_masks(image: np.ndarray, annotations: Sequence[dict]) -> np.ndarray:
    """An image (uint8 RGB [H, W, 3]) beside the same with its masks."""
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
    """Write overlays and a table of statistics.

    Args:
        masks (str): Folder that tools/sam_masks.py wrote.
        images (str, optional): Folder of the images; without it there are no
            overlays.
        out (str): Folder for ``<image name>.png`` (``a.jpg.png``) and
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
    folder = MaskFolder(masks)
    meta, names = folder.meta(), folder.names()
    if not names:
        raise FileNotFoundError(f'{masks} holds no masks yet')
    random.Random(seed).shuffle(names)
    target = Path(out)
    for name in names[:num_overlays] if images else ():
        picture = _draw_masks(
            read_rgb(str(Path(images) / name)),
            read_mask_file(folder.path(name))['annotations'])
        # With its suffix: a photo a.png is never replaced by its overlay.
        with atomic_path(target / f'{name}.png') as path:
            Image.fromarray(picture).save(path, 'PNG')
    statistics = _statistics(folder, names[:num_images])
    table = _table(statistics)
    title = ', '.join(f'{key}={value}'
                      for key, value in meta['settings'].items())
    write_text(target / 'statistics.txt', f'{title}\n{table}\n')
    return table


def _statistics(folder: MaskFolder,
                names: Sequence[str]) -> Dict[str, pd.Series]:
    """Values by what they are, one for each image or each mask."""
    images, masks = [], []
    for name in tqdm(names, desc='statistics', disable=None):
        content = read_mask_file(folder.path(name))
        image, annotations = content['images'][0], content['annotations']
        pixels = image['height'] * image['width']
        union = coco_mask.merge([a['segmentation'] for a in annotations])
        covered = 100 * coco_mask.area(union) / pixels if annotations else 0
        images.append((len(annotations), covered))
        masks += [(100 * a['area'] / pixels, a['predicted_iou'],
                   a['stability_score']) for a in annotations]
    return {
        **pd.DataFrame(
            images, columns=['masks per image', 'image covered, %']),
        **pd.DataFrame(
            masks, columns=['area, % of the image', 'predicted IoU',
                            'stability'], dtype=float)
    }


def _table(statistics: Dict[str, pd.Series]) -> str:
    rows = {title: values.describe([0.1, 0.5, 0.9])
            for title, values in statistics.items()}
    empty = int((statistics['masks per image'] == 0).sum())
    return (pd.DataFrame(rows).T.to_string(float_format='%.2f') +
            f'\nimages without masks: {empty}')
