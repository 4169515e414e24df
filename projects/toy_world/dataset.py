"""Writes the toy world to disk as a COCO panoptic dataset."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List, Set

import cv2
import numpy as np
from tqdm import tqdm

from dearli_mm.datasets.splits import choose_covering
from dearli_mm.functional.panoptic_ids import id2rgb
from dearli_mm.utils.atomic import write_bytes, write_text

from .scenes import CLASSES, THING_CLASSES, Scene, render_scene

# Far from the scene sets that the tiny CLIP is trained and measured on:
# it must not have seen the labels of the unlabelled images.
_FIRST_SET = 2**21
_MARKER = 'toy_world.json'


def write_toy_world(out: str, train: int = 512, val: int = 64,
                    labeled: int = 16, size: int = 128, seed: int = 0) -> bool:
    """Renders the toy world into a folder in COCO panoptic format.

    Writes ``{train,val}/images/*.jpg``, ``{train,val}/panoptic/*.png``,
    ``{train,val}/panoptic.json`` and ``splits/labeled_<n>.txt`` (one file name
    of a train image per line). A marker file comes last: an interrupted run is
    made good by calling again, a complete folder is left alone.

    Args:
        out: Folder to write; made if missing.
        train: Number of training scenes.
        val: Number of validation scenes.
        labeled: Number of training scenes in the split file; together they
            show every class if there are enough.
        size: Side length in pixels.
        seed: Seed; train and val never share scenes.

    Returns:
        Whether anything was written.

    Raises:
        ValueError: If ``labeled`` is not in 1..train, or the folder holds
            something else than this dataset with these settings.
    """
    if not 1 <= labeled <= train:
        raise ValueError(f'labeled must lie in 1..{train} (the number of '
                         f'training scenes), got {labeled}')
    root = Path(out)
    settings = dict(
        train=train, val=val, labeled=labeled, size=size, seed=seed)
    if _is_complete(root, settings):
        print(f'{root} is complete with these settings; nothing to do')
        return False
    _write_json(root / _MARKER, dict(settings=settings, complete=False))
    shown = _write_split(root / 'train', train, size, _FIRST_SET + 2 * seed)
    _write_split(root / 'val', val, size, _FIRST_SET + 2 * seed + 1)
    chosen = choose_covering(shown, labeled, np.random.default_rng(seed))
    write_text(root / 'splits' / f'labeled_{labeled}.txt',
               ''.join(f'{index:05d}.jpg\n' for index in chosen))
    _write_json(root / _MARKER, dict(settings=settings, complete=True))
    print(f'wrote {train} + {val} scenes to {root}')
    return True


def _is_complete(root: Path, settings: Dict[str, int]) -> bool:
    """Tells a finished folder from one to (re)write; refuses any other."""
    marker = root / _MARKER
    if not marker.exists():
        if root.exists() and any(root.iterdir()):
            raise ValueError(
                f'{root} is not empty and was not written by this tool (no '
                f'{_MARKER} in it): choose another folder')
        return False
    found = json.loads(marker.read_text())
    if found['settings'] != settings:
        raise ValueError(
            f'{root} was written with {found["settings"]}, asked for are '
            f'{settings}: choose another folder or delete this one')
    return found['complete']


def _write_split(folder: Path, count: int, size: int,
                 scene_set: int) -> List[Set[int]]:
    """Writes one split and returns the classes that each image shows."""
    images, annotations, shown = [], [], []
    for index in tqdm(range(count), 'scenes', mininterval=1):
        scene, stem = render_scene(scene_set, index, size), f'{index:05d}'
        _write_picture(folder / 'images' / f'{stem}.jpg', scene.image)
        _write_picture(folder / 'panoptic' / f'{stem}.png',
                       id2rgb(scene.segment_map))
        images.append(dict(id=index, file_name=f'{stem}.jpg', width=size,
                           height=size))
        annotations.append(dict(image_id=index, file_name=f'{stem}.png',
                                segments_info=_segments_info(scene)))
        shown.append(set(scene.labels))
    _write_json(folder / 'panoptic.json',
                dict(images=images, annotations=annotations,
                     categories=_categories()))
    return shown


def _segments_info(scene: Scene) -> List[Dict[str, Any]]:
    """Describes the segments of a scene as COCO does."""
    infos = []
    for number, (label, mask) in enumerate(zip(scene.labels, scene.masks), 1):
        rows, columns = np.nonzero(mask)
        box = (columns.min(), rows.min(),
               np.ptp(columns) + 1, np.ptp(rows) + 1)
        infos.append(dict(id=number, category_id=label + 1, area=len(rows),
                          bbox=[int(value) for value in box], iscrowd=0))
    return infos


def _categories() -> List[Dict[str, Any]]:
    """Lists the classes as COCO categories; ids count from 1, things first."""
    return [
        dict(id=index + 1, name=entry.name,
             isthing=int(index < len(THING_CLASSES)))
        for index, entry in enumerate(CLASSES)
    ]


def _write_json(path: Path, content: Dict[str, Any]) -> None:
    write_text(path, json.dumps(content))


def _write_picture(path: Path, rgb: np.ndarray) -> None:
    """Writes a picture in the format that the suffix names."""
    quality = ([cv2.IMWRITE_JPEG_QUALITY, 95]
               if path.suffix in (".jpg", ".jpeg") else [])
    _, content = cv2.imencode(path.suffix, rgb[..., ::-1], quality)
    write_bytes(path, content.tobytes())
