"""What a person wants, and what is lacking for it."""
import dataclasses
import json
import os
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import Dict, Iterator, List, Tuple

from ..datasets.image_folders import list_images
from ..datasets.panoptic_files import is_of_inference
from ..datasets.panoptic_json import read_panoptic_json
from ..utils.plain_files import is_whole
from ..utils.public_files import SAMS, how_to_get_clip
from ..utils.text_files import read_json

FORMATS = ('labelme', 'semantic', 'panoptic')
MASKS = ('none', 'sam', 'felzenszwalb')
# Model configs by open_clip's name of the CLIP.
BASES = {'convnext_base_w_320': 'dearli_clip-convnext-b.py',
         'convnext_large_d_320': 'dearli_clip-convnext-l.py'}


@dataclasses.dataclass
class Options:
    """Arguments of tools/few_shot.py; its ``--help`` explains them.

    Names of classes may carry synonyms after commas, which CLIP reads.
    """
    photos: str
    labels: str
    out: str
    clip: str
    clip_model: str = 'convnext_base_w_320'
    base: str = ''
    modules: Tuple[str, ...] = ()
    format: str = ''
    things: Tuple[str, ...] = ()
    stuff: Tuple[str, ...] = ()
    classes: Tuple[str, ...] = ()
    ignore: Tuple[str, ...] = ()
    val_labels: str = ''
    val_photos: str = ''
    sam: str = ''
    sam_type: str = 'vit_h'
    masks: str = ''
    steps: int = 20000
    warm_up_steps: int = 20000
    batch_size: int = 8
    crop: int = 640
    alpha: float = 0.4
    workers: int = 4
    pictures: int = 8
    cfg_options: Tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.masks = self.masks or ('sam' if self.sam else 'none')
        self.val_photos = self.val_photos or self.photos
        self.base = self.base or BASES.get(self.clip_model, '')
        if not self.format and Path(self.labels).exists():
            self.format = find_format(self.labels)

    @property
    def holds_val_photos(self) -> bool:
        """bool: Whether the validation photos are within PHOTOS."""
        return bool(self.val_labels) and Path(self.val_photos).resolve(
        ).is_relative_to(Path(self.photos).resolve())

    def fingerprint(self) -> dict:
        """What the results depend on; pictures are drawn anew anyway."""
        wanted = dataclasses.asdict(self)
        del wanted['pictures'], wanted['workers'], wanted['out']
        return json.loads(json.dumps(
            dict(wanted, state_of_labels=_state(self.labels),
                 state_of_val_labels=_state(self.val_labels))))


def find_format(labels: str) -> str:
    """One of :data:`FORMATS`; empty if there is nothing that is one."""
    path = Path(labels)
    if path.is_file():
        return 'panoptic' if path.suffix == '.json' else ''
    file = path / 'panoptic.json'
    is_labelme = any(map(_shapes, sorted(path.rglob('*.json'))))
    if file.is_file() and not (is_labelme and is_of_inference(file)):
        return 'panoptic'
    if is_labelme:
        return 'labelme'
    return 'semantic' if next(path.rglob('*.png'), None) else ''


def panoptic_files(labels: str) -> Tuple[Path, Path]:
    """JSON file and PNG folder of COCO panoptic data."""
    path = Path(labels)
    path = path / 'panoptic.json' if path.is_dir() else path
    return path, path.with_suffix('')


def class_names(options: Options) -> Tuple[List[str], List[str]]:
    """Things and stuff, each with its synonyms."""
    if options.format == 'panoptic' and not (options.things or
                                             options.stuff):
        categories = read_panoptic_json(
            str(panoptic_files(options.labels)[0])).categories
        return tuple([c['name'] for c in categories
                      if bool(c.get('isthing', 1)) == isthing]
                     for isthing in (True, False))
    if options.format == 'semantic':
        things = set(map(label_of, options.things))
        return ([name for name in options.classes
                 if label_of(name) in things],
                [name for name in options.classes
                 if label_of(name) not in things])
    return list(options.things), list(options.stuff)


def label_of(name: str) -> str:
    """The name in the annotation, which is the first of the synonyms."""
    return name.split(',')[0].strip()


def find_lacks(options: Options) -> List[str]:
    """All that is not there, each with what mends it."""
    return [*_folders(options), *_weights(options), *_names(options),
            *_numbers(options)]


def _folders(options: Options) -> Iterator[str]:
    folders = {options.val_photos: '--val-photos', options.photos: 'PHOTOS'}
    for path, key in folders.items():
        if not Path(path).is_dir():
            yield f'{key}={path!r}: no such folder; name that of your photos'
        elif key == 'PHOTOS':
            try:
                list_images(path)
            except ValueError as error:
                yield f'{key}: {error}'
    for key, path in (('LABELS', options.labels),
                      ('--val-labels', options.val_labels)):
        if not path:
            continue
        if not Path(path).exists():
            yield (f'{key}={path!r}: not there; name a folder of labelme '
                   'files, of semantic PNG files, or a COCO panoptic JSON '
                   '(docs/own-data.md)')
        elif find_format(path) == '' or options.format not in FORMATS:
            yield (f'{key}={path!r} holds neither JSON files of labelme nor '
                   'PNG files nor a panoptic.json; name another folder')
        elif options.format == 'panoptic':
            for file in panoptic_files(path):
                if not file.exists():
                    yield f'{key}: {file} is not there'


def _weights(options: Options) -> Iterator[str]:
    clip = Path(options.clip).expanduser()
    if not clip.is_file() or not is_whole(clip):
        problem = 'incomplete, or no file of weights' if clip.is_file() else \
            'no such file'
        yield (f'--clip={options.clip!r}: {problem}; get it: '
               f'{how_to_get_clip(options.clip_model, options.clip)}')
    if not options.base:
        yield (f'--clip-model={options.clip_model!r}: no config of a network '
               f'is known for it, but for {", ".join(BASES)}; name one with '
               '--base')
    if options.masks == 'sam':
        if not Path(options.sam).expanduser().is_file():
            known = SAMS.get(options.sam_type)
            path = options.sam or 'weights/sam.pth'
            get = f'; get it: {known.command(path)}' if known else ''
            yield f'--sam={options.sam!r}: no such file{get}'
        if find_spec('segment_anything') is None:
            yield '--sam: pip install segment-anything'


def _names(options: Options) -> Iterator[str]:
    if not Path(options.labels).exists() or options.format not in FORMATS:
        return
    things, stuff = class_names(options)
    labels = list(map(label_of, [*things, *stuff]))
    twice = sorted({name for name in labels if labels.count(name) > 1})
    if twice:
        key = '--classes' if options.format == 'semantic' else \
            '--things, --stuff'
        yield f'{key}: {twice} twice; name each class once'
    known = {*map(label_of, [*things, *stuff]), *options.ignore}
    if options.format == 'semantic' and not options.classes:
        yield ('--classes: name what the values 0, 1, 2, ... of the label '
               'files mean, and with --things those that are countable')
    elif options.format == 'semantic':
        unknown = set(map(label_of, options.things)) - known
        if unknown or options.stuff:
            yield (f'--things={sorted(unknown)}: not among --classes; all '
                   'others of these are stuff, without --stuff')
    if options.format == 'labelme':
        found = labelme_labels(options.labels)
        if options.val_labels and Path(options.val_labels).is_dir():
            found += labelme_labels(options.val_labels)
        unknown = {name: count for name, count in found.items()
                   if name not in known}
        if unknown:
            yield ('--things, --stuff, --ignore: say what each of these '
                   'labels is: ' + ', '.join(
                       f'{name!r} ({count} shapes)'
                       for name, count in unknown.items()))
    if options.format == 'panoptic':
        yield from _categories(options, things, stuff)


def _categories(options: Options, things: List[str],
                stuff: List[str]) -> Iterator[str]:
    """Classes that are not those of the panoptic files."""
    wanted = {label_of(name): True for name in things}
    wanted.update({label_of(name): False for name in stuff})
    for key, path in (('LABELS', options.labels),
                      ('--val-labels', options.val_labels)):
        if not path or not panoptic_files(path)[0].is_file():
            continue
        file = panoptic_files(path)[0]
        found = _isthing_by_name(file)
        if not found:
            yield f'{key}: {file} has no categories'
        elif found != wanted:
            other = sorted(name for name in {*found, *wanted}
                           if found.get(name) != wanted.get(name))
            yield (f'--things, --stuff: {other} are not so in {file}, whose '
                   f'things are {[n for n in found if found[n]]} and stuff '
                   f'{[n for n in found if not found[n]]}; without these '
                   'arguments the classes are those of LABELS')


def _isthing_by_name(file: Path) -> Dict[str, bool]:
    categories = read_panoptic_json(str(file)).categories
    return {c['name']: bool(c.get('isthing', 1)) for c in categories}


def _numbers(options: Options) -> Iterator[str]:
    for name in ('steps', 'warm_up_steps', 'batch_size', 'crop'):
        if getattr(options, name) < 1:
            yield f'--{name.replace("_", "-")}: at least 1'
    if not 0 <= options.alpha <= 1:
        yield f'--alpha={options.alpha}: 0 to 1'


def labelme_labels(folder: str) -> Counter:
    """How many shapes each label has in a folder of labelme files."""
    return Counter(
        str(shape.get('label'))
        for path in sorted(Path(folder).rglob('*.json'))
        for shape in _shapes(path))


def _shapes(path: Path) -> List[dict]:
    try:
        content = read_json(path)
    except (OSError, ValueError):
        return []
    shapes = content.get('shapes') if isinstance(content, dict) else None
    return shapes if isinstance(shapes, list) else []


def argument_name(key: str) -> str:
    """What a key of :meth:`Options.fingerprint` is called by who gave it."""
    names = dict(photos='PHOTOS', labels='LABELS', modules='--import',
                 state_of_labels='files of LABELS',
                 state_of_val_labels='files of --val-labels')
    return names.get(key, f'--{key.replace("_", "-")}')


def _state(labels: str) -> Dict[str, list]:
    """Sizes and times of the files that labels are in."""
    path = Path(labels)
    if not labels or not path.exists():
        return {}
    files = [path] if path.is_file() else sorted(
        file for file in path.rglob('*') if file.suffix in ('.json', '.png'))
    return {str(file): [(stat := os.stat(file)).st_size, stat.st_mtime_ns]
            for file in files}
