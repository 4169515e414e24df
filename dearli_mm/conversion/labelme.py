"""labelme's JSON files to COCO panoptic."""
import base64
import io
import json
import math
from functools import partial
from pathlib import Path
from typing import Dict, List, NamedTuple, Sequence, Tuple

import numpy as np
from PIL import Image, ImageDraw

from ..datasets.panoptic_files import Segmented, Source
from .panoptic_writer import Counts, Target, make_categories, write_panoptic
from .sources import check_frame, need

AREAS = ('polygon', 'rectangle', 'circle', 'mask')


class LabelmeClasses(NamedTuple):
    """What the labels in the files mean.

    Attributes:
        things (tuple[str, ...]): Labels of things; every shape is one, or
            all shapes of one label and group id.
        stuff (tuple[str, ...]): Labels of stuff; one segment per image.
        ignore (tuple[str, ...]): Labels of areas that are void.
    """
    things: Tuple[str, ...]
    stuff: Tuple[str, ...]
    ignore: Tuple[str, ...] = ()


def convert_labelme(folder: str,
                    out: str,
                    classes: LabelmeClasses,
                    images: str = '',
                    workers: int = 4) -> Counts:
    """Write a folder of labelme files as COCO panoptic.

    Where shapes overlap, things lie over stuff, and of two things (or two
    stuff) the one drawn later lies over the other. Pixels without a shape
    are void.

    Args:
        folder (str): labelme's JSON files, with subfolders.
        out (str): Folder; gets ``panoptic.json`` and ``panoptic/``.
        classes (LabelmeClasses): What the labels mean.
        images (str): Folder that image names are relative to. Defaults to
            ``folder``.
        workers (int): Processes.

    Returns:
        Counts: Of the dataset.

    Raises:
        FileNotFoundError: If there is no JSON file, or an image is missing.
        ValueError: If a label is not among the classes, or a file is not
            labelme's.
    """
    need(Path(folder), 'The folder of labelme files', 'Give its path.')
    sources = _find_sources(Path(folder), Path(images or folder))
    _check_labels(sources, classes)
    target = Target(
        Path(out) / 'panoptic.json', Path(out) / 'panoptic',
        make_categories(classes.things, classes.stuff),
        dict(description=f'labelme annotation of {folder}',
             converter='labelme_to_panoptic', ignore=classes.ignore))
    read = partial(_read_image, classes=classes)
    counts = write_panoptic(sources, read, target, workers, out)
    print(f'{target.json_path}: {counts}')
    return counts


def _read_image(source: Source, classes: LabelmeClasses) -> Segmented:
    """Draw the shapes of a file, whose content is in ``extra``."""
    image, path = source.inputs
    size = (source.extra['imageHeight'], source.extra['imageWidth'])
    check_frame(image, size, path)
    names = [*classes.things, *classes.stuff]
    segment_map = np.zeros(size, np.int32)
    numbers: Dict[tuple, int] = {}
    # Stuff at the bottom; within stuff and within things as they were drawn.
    shapes = sorted(_areas(source), key=lambda s: s['label'] in classes.stuff,
                    reverse=True)
    for number, shape in enumerate(shapes):
        mask = _draw(shape, size, path)
        if shape['label'] in classes.ignore:
            segment_map[mask] = 0
            continue
        group = shape.get('group_id')
        if shape['label'] in classes.stuff:
            key = (shape['label'], )
        else:
            key = (shape['label'], number if group is None else f'g{group}')
        segment_map[mask] = numbers.setdefault(key, len(numbers) + 1)
    return Segmented(segment_map,
                     [names.index(label) + 1 for label, *_ in numbers])


def _draw(shape: dict, size: Tuple[int, int], path: str) -> np.ndarray:
    """Mask of a shape, bool ``[H, W]``."""
    kind, points = _kind(shape), [tuple(p) for p in shape['points']]
    canvas = Image.new('1', size[::-1])
    draw = ImageDraw.Draw(canvas)
    if kind == 'circle' and len(points) == 2:
        (x, y), edge = points
        radius = math.dist(points[0], edge)
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), 1, 1)
    elif kind == 'rectangle' and len(points) == 2:
        (x0, x1), (y0, y1) = (sorted(values) for values in zip(*points))
        draw.rectangle((x0, y0, x1, y1), 1, 1)
    elif kind == 'mask' and len(points) == 2 and shape.get('mask'):
        content = base64.b64decode(shape['mask'])
        mask = Image.open(io.BytesIO(content)).convert('1')
        canvas.paste(mask, tuple(int(v) for v in points[0]))
    elif kind in ('polygon', 'rectangle') and len(points) > 2:
        draw.polygon(points, 1, 1)
    else:
        raise ValueError(f'{path}: a {kind} of {shape["label"]!r} has '
                         f'{len(points)} points: draw it again')
    return np.array(canvas)


def _check_labels(sources: Sequence[Source],
                  classes: LabelmeClasses) -> None:
    known = {*classes.things, *classes.stuff, *classes.ignore}
    where = {shape['label']: source.inputs[1]
             for source in reversed(sources) for shape in _areas(source)}
    unknown = {k: v for k, v in where.items() if k not in known}
    if unknown:
        found = ', '.join(f'{k!r} ({v})' for k, v in sorted(unknown.items()))
        raise ValueError(
            f'labels that are neither things, stuff nor ignored: {found}; '
            'name them with --things, --stuff or --ignore, or correct the '
            'files')
    unused = known - set(where) - set(classes.ignore)
    if unused:
        print(f'no shape has the label {sorted(unused)}')
    passed_over = sum(len(s.extra['shapes']) - len(_areas(s)) for s in sources)
    if passed_over:
        print(f'{passed_over} points and lines passed over')


def _find_sources(folder: Path, root: Path) -> List[Source]:
    """Images of labelme's files; other JSON files are passed over."""
    sources = []
    for path in sorted(folder.rglob('*.json')):
        try:
            content = json.loads(path.read_text(encoding='utf-8'))
        except ValueError as error:
            raise ValueError(f'{path} is no JSON file: {error}') from None
        if not isinstance(content, dict) or 'shapes' not in content:
            continue
        content.pop('imageData', None)  # large
        name = str(content['imagePath']).replace('\\', '/')
        image = need(path.parent / name, f'The image of {path}',
                     'labelme names it in imagePath, relative to the file.')
        try:
            relative = image.resolve().relative_to(root.resolve())
        except ValueError:
            raise ValueError(f'{path}: its image {image} is not in {root}; '
                             'give the folder of the images') from None
        sources.append(
            Source(relative.as_posix(), (str(image), str(path)), content))
    if not sources:
        raise FileNotFoundError(
            f'{folder} holds no JSON file of labelme. Annotate images with '
            '`labelme FOLDER --autosave --nodata` first')
    return sources


def _areas(source: Source) -> List[dict]:
    return [s for s in source.extra['shapes'] if _kind(s) in AREAS]


def _kind(shape: dict) -> str:
    return shape.get('shape_type') or 'polygon'
