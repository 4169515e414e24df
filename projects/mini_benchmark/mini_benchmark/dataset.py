"""Writes scenes as a COCO panoptic dataset."""
from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Dict

import cv2

from dearli_mm.conversion.panoptic_writer import (Counts, Segmented, Source,
                                                  Target, make_categories,
                                                  write_panoptic)
from dearli_mm.utils.atomic import write_bytes

from .scenes import compose_scene
from .sources import STUFF, THINGS, Photos, load_photos


def write_dataset(out: str, train: int = 800, val: int = 150, size: int = 192,
                  seed: int = 0, photos: Dict[str, Photos] = None,
                  workers: int = 0) -> Dict[str, Counts]:
    """Write ``images/*.jpg``, ``panoptic/*.png``, ``panoptic.json`` a subset.

    Scenes that are there already are not composed again.

    Args:
        out (str): Folder to write; made if missing.
        train (int): Number of training scenes.
        val (int): Number of validation scenes.
        size (int): Side of a scene in pixels.
        seed (int): Number of the set of scenes.
        photos (dict[str, Photos], optional): Of the subsets; the installed
            ones by default.
        workers (int): Processes; 0 composes in this one.

    Returns:
        dict[str, Counts]: What each subset holds.
    """
    counts = {}
    for subset, number in dict(train=train, val=val).items():
        folder = Path(out) / subset
        sources = [
            Source(f'{index:05d}.jpg', (), index) for index in range(number)
        ]
        info = dict(converter='mini benchmark', size=size, seed=seed)
        target = Target(folder / 'panoptic.json',
                        make_categories(list(THINGS), list(STUFF)), info)
        read = partial(
            _compose_and_save,
            photos=photos[subset] if photos else load_photos(subset),
            folder=folder / 'images',
            subset=subset,
            seed=seed,
            size=size)
        counts[subset] = write_panoptic(sources, read, target, workers, subset)
    return counts


def _compose_and_save(source: Source, photos: Photos, folder: Path,
                      subset: str, seed: int, size: int) -> Segmented:
    """Compose a scene, save its image, and return its annotation."""
    scene = compose_scene(photos, subset, source.extra, seed, size)
    _, jpeg = cv2.imencode('.jpg', scene.image[..., ::-1],
                           [cv2.IMWRITE_JPEG_QUALITY, 93])
    write_bytes(folder / source.file_name, jpeg.tobytes())
    return Segmented(scene.segment_map,
                     [int(label) + 1 for label in scene.labels])
