"""labelme's JSON files to COCO panoptic."""
from functools import cached_property, partial
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np

from ..datasets.image_files import read_image_size
from ..datasets.image_folders import IMAGE_SUFFIXES, list_images
from ..datasets.image_names import ImageNames, relative_name
from ..datasets.panoptic_files import Segmented, Source
from ..utils.text_files import read_json
from .labelme_shapes import LINES, draw_shape, shape_kind, shape_problem
from .panoptic_writer import Counts, Target, make_categories, write_panoptic
from .sources import check_frame, need


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
                    workers: int = 4,
                    skip_bad: bool = False) -> Counts:
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
        skip_bad (bool): Leave out shapes that cannot be drawn and files
            whose image is missing, and say so, instead of an error that
            lists them. Defaults to False.

    Returns:
        Counts: Of the dataset.

    Raises:
        FileNotFoundError: If there is no JSON file.
        ValueError: If images are missing, a label is not among the classes,
            or shapes cannot be drawn.
    """
    need(Path(folder), 'The folder of labelme files', 'Give its path.')
    sources = _find_sources(Path(folder), Path(images or folder), skip_bad)
    _check_shapes(sources, skip_bad)
    _check_labels(sources, classes)
    target = Target(
        Path(out) / 'panoptic.json',
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
    size = (source.extra.get('imageHeight'), source.extra.get('imageWidth'))
    if all(size):
        check_frame(image, size, path)
    else:
        size = read_image_size(image).shown
    names = [*classes.things, *classes.stuff]
    segment_map = np.zeros(size, np.int32)
    numbers: Dict[tuple, int] = {}
    # Stuff at the bottom; within stuff and within things as they were drawn.
    shapes = sorted(source.extra['shapes'],
                    key=lambda s: s['label'] in classes.stuff, reverse=True)
    for number, shape in enumerate(shapes):
        mask = draw_shape(shape, size)
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


def _check_shapes(sources: Sequence[Source], skip_bad: bool) -> None:
    """Leave out lines, and what cannot be drawn, or tell of all of these."""
    lines, problems = 0, []
    for source in sources:
        shapes = [shape for shape in source.extra['shapes']
                  if shape_kind(shape) not in LINES]
        lines += len(source.extra['shapes']) - len(shapes)
        found = [(shape, shape_problem(shape)) for shape in shapes]
        problems += [
            f'{source.inputs[1]}: shape {number} ({shape.get("label")!r}) '
            f'{problem}' for number, (shape, problem) in enumerate(found, 1)
            if problem
        ]
        source.extra['shapes'] = [s for s, problem in found if not problem]
    if lines:
        print(f'{lines} points and lines passed over')
    _leave_out(problems, skip_bad, 'shapes cannot be drawn',
               'Draw them again')


def _leave_out(problems: Sequence[str], skip_bad: bool, what: str,
               remedy: str) -> None:
    if problems and not skip_bad:
        raise ValueError('\n'.join([
            f'{len(problems)} {what}:', *problems,
            f'{remedy}, or leave them out with --skip-bad']))
    for problem in problems:
        print(f'left out: {problem}')


def _check_labels(sources: Sequence[Source],
                  classes: LabelmeClasses) -> None:
    known = {*classes.things, *classes.stuff, *classes.ignore}
    where = {shape['label']: source.inputs[1]
             for source in reversed(sources)
             for shape in source.extra['shapes']}
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


def _find_sources(folder: Path, root: Path, skip_bad: bool) -> List[Source]:
    """Images of labelme's files; other JSON files are passed over."""
    sources, others, images = [], {}, _Images(folder, root)
    missing = []
    for path in sorted(folder.rglob('*.json')):
        if any(part[0] == '.' for part in path.relative_to(folder).parts):
            continue  # of a system or an editor
        content = _read_labelme(path)
        if not isinstance(content, dict):
            others[path.name] = content
            continue
        name = str(content.get('imagePath') or '')
        image = images.find(path, name)
        if image is None:
            missing.append(f'{path}: {name!r}')
            continue
        try:
            relative = image.resolve().relative_to(root.resolve())
        except ValueError:
            raise ValueError(f'{path}: its image {image} is not in {root}; '
                             'give the folder of the images') from None
        sources.append(
            Source(relative.as_posix(), (str(image), str(path)), content))
    _leave_out(
        missing, skip_bad, 'files of labelme have no image, neither where '
        f'imagePath says, nor beside them, nor by their names in {root}',
        'Put the images there, or name their folder')
    if others:
        print(f'{len(others)} JSON files that are not labelme\'s passed over, '
              f'for instance {next(iter(others))}')
    if images.moved:
        print(f'{images.moved} images are not where imagePath names them, '
              'and were found by their names')
    broken = next((e for e in others.values() if e is not None), None)
    if not sources and broken:
        raise broken
    if not sources:
        raise FileNotFoundError(
            f'{folder} holds no JSON file of labelme. Annotate images with '
            '`labelme FOLDER --autosave --nodata` first')
    return sources


def _read_labelme(path: Path) -> Union[dict, ValueError, None]:
    """Content of a labelme file; None or an error if it is another file."""
    try:
        content = read_json(path)
    except ValueError as error:
        # What is broken, or of another encoding, and was to be converted.
        if b'"shapes"' in path.read_bytes():
            raise
        return error
    if not isinstance(content, dict) or \
            not isinstance(content.get('shapes'), list):
        return None
    content.pop('imageData', None)  # large
    return content


class _Images:
    """Finds the image of a labelme file.

    Where imagePath says; if it is not there, or not in the folder of images,
    beside the file (which may come from another machine), then in the folder
    of images, at the same place in it or by a name that only one image has.
    """

    def __init__(self, folder: Path, root: Path) -> None:
        self.folder, self.root = folder, root
        self.moved = 0

    @cached_property
    def _names(self) -> ImageNames:
        return ImageNames([relative_name(str(path), str(self.root))
                           for path in list_images(self.root)])

    def find(self, path: Path, image_path: str) -> Optional[Path]:
        """Find it, and count it in ``moved`` if imagePath does not tell."""
        name = image_path.replace('\\', '/')
        last = name.rpartition('/')[2]
        beside = [path.parent / last, *map(path.with_suffix,
                                           sorted(IMAGE_SUFFIXES))]
        named = path.parent / name
        there = [image for image in (named, *beside) if image.is_file()]
        found = next(filter(self._holds, there), None) or \
            self._by_name(path, last) or next(iter(there), None)
        self.moved += found not in (named, None)
        return found

    def _holds(self, image: Path) -> bool:
        return image.resolve().is_relative_to(self.root.resolve())

    def _by_name(self, path: Path, last: str) -> Optional[Path]:
        if self.root == self.folder:
            return None
        place = path.relative_to(self.folder)
        for name in (place.with_name(last) if last else place,
                     place.with_suffix('')):
            indices = self._names.find([name.as_posix()]).indices
            if indices:
                return self.root / self._names.names[indices[0]]
        return None
