"""COCO panoptic JSON files of all sources: read, checked, completed."""
from collections import Counter
from contextlib import contextmanager
from typing import (Any, Dict, Iterator, List, NamedTuple, Optional, Sequence,
                    Tuple, Union)

from mmengine.fileio import get

from ..utils.text_files import parse_json
from .image_names import without_suffix

# Within `annotation_files_read_once`.
_open_files: Optional[Dict[str, 'PanopticJSON']] = None

_SHOWN = 5  # problems that an error lists
_REQUIRED = dict(
    categories=('id', 'name'),
    images=('id', 'file_name'),
    annotations=('image_id', 'segments_info'))


class PanopticJSON(NamedTuple):
    """Content of a COCO panoptic JSON.

    Attributes:
        categories (list[dict]): ``id``, ``name``, perhaps ``isthing``.
        images (list[dict]): ``id``, ``file_name``, perhaps ``height`` and
            ``width``.
        annotations (dict[int | str, dict]): By image id; perhaps
            ``file_name`` of the PNG (see :func:`png_name`), and
            ``segments_info``, each with ``id`` and ``category_id``, perhaps
            ``area``, ``bbox`` and ``iscrowd``.
    """
    categories: List[dict]
    images: List[dict]
    annotations: Dict[Union[int, str], dict]


def read_panoptic_json(path: str,
                       backend_args: Optional[dict] = None) -> PanopticJSON:
    """Read a COCO panoptic JSON.

    ``area``, ``bbox``, ``iscrowd``, ``isthing`` and the size of an image may
    be missing: they are known from the PNG, the config's classes, and the
    image.

    Args:
        path (str): The file.
        backend_args (dict, optional): mmengine file backend.

    Raises:
        FileNotFoundError: If the file is not there.
        ValueError: If it is no such file; lists what is wrong with it.
    """
    if _open_files and path in _open_files:
        return _open_files[path]
    content = parse_json(get(path, backend_args=backend_args), path)
    problems = [f'{path}: {problem}' for problem in _problems(content)]
    if problems:
        raise ValueError('\n'.join(tell_some(problems)))
    found = _sorted_out(content)
    if _open_files is not None:
        _open_files[path] = found
    return found


@contextmanager
def annotation_files_read_once() -> Iterator[None]:
    """Datasets that are built in this block share what they read.

    The labelled and the unlabelled part are of one file, which for COCO takes
    seconds and most of a gigabyte.
    """
    global _open_files
    _open_files = {}
    try:
        yield
    finally:
        _open_files = None


def png_name(image: dict, annotation: dict) -> str:
    """Name of the panoptic PNG: that of the image, if none is given."""
    return annotation.get('file_name') or \
        f'{without_suffix(image["file_name"])}.png'


def inspect_panoptic_json(
        path: str) -> Tuple[Optional[PanopticJSON], List[str]]:
    """All that is wrong with a file, and its content as far as it goes.

    Args:
        path (str): The file.

    Returns:
        tuple[PanopticJSON | None, list[str]]: None if the file cannot be
        read; problems, one line each. One image that is listed twice, with
        two ids, is a problem here only.
    """
    try:
        content = parse_json(get(path), path)
    except FileNotFoundError:
        return None, [f'{path}: the annotation file is not there; check '
                      'data_root and ann_file']
    except ValueError as error:
        return None, [str(error)]
    problems = [f'{path}: {text}' for text in _problems(content)]
    if _wrong_form(content):
        return None, problems
    problems += [f'{path}: {text}'
                 for text in _repeated(content, 'images', 'file_name')]
    return _sorted_out(content), problems


def _sorted_out(content: dict) -> PanopticJSON:
    return PanopticJSON(
        content['categories'], content['images'],
        {entry['image_id']: entry for entry in content['annotations']})


def tell_some(
    problems: Sequence[str],
    where: str = 'tools/analysis/verify_dataset.py lists all'
) -> List[str]:
    """The first problems, how many more there are, and where to see them."""
    more = len(problems) - _SHOWN
    return list(problems[:_SHOWN]) + (
        [f'and {more} more; {where}']
        if more > 0 else [])


def _problems(content: Any) -> Iterator[str]:
    wrong = _wrong_form(content)
    if wrong:
        yield wrong
        return
    for key, name in (('categories', 'id'), ('categories', 'name'),
                      ('images', 'id'), ('annotations', 'image_id')):
        yield from _repeated(content, key, name)
    names = {image['id']: image['file_name'] for image in content['images']}
    known = {category['id'] for category in content['categories']}
    for annotation in content['annotations']:
        image_id = annotation['image_id']
        if image_id not in names:
            yield (f'there is annotation of image {image_id!r}, but no such '
                   'image; take it out, or add the image to images')
            continue
        for problem in _segment_problems(annotation['segments_info'], known):
            yield f'image {names[image_id]!r}: {problem}'


def _repeated(content: dict, key: str, name: str) -> Iterator[str]:
    count = Counter(entry[name] for entry in content[key])
    for value, times in count.items():
        if times > 1:
            yield (f'{times} of its {key} have the {name} {value!r}; each '
                   'may stand once')


def _segment_problems(segments: Sequence[dict],
                      known: set) -> Iterator[str]:
    for segment in segments:
        if segment.get('category_id') not in known:
            yield (f'segment {segment.get("id")!r} has the category_id '
                   f'{segment.get("category_id")!r}, which is none of the '
                   'categories of the file')
    ids = Counter(segment.get('id') for segment in segments)
    for segment_id, times in ids.items():
        if times > 1 and segment_id is not None:
            yield f'{times} segments have the id {segment_id!r}'
        if segment_id == 0:
            yield ('a segment has the id 0, which is void in a panoptic PNG; '
                   'give it another id in both files')
        elif not isinstance(segment_id, int) or not 0 < segment_id < 2**24:
            yield (f'a segment has the id {segment_id!r}; ids are whole '
                   'numbers of 1..16777215, as in the PNG')


def _wrong_form(content: Any) -> str:
    """Why a file is no COCO panoptic JSON; empty if it is one."""
    if not isinstance(content, dict):
        return (f'holds a {type(content).__name__}, a COCO panoptic JSON is '
                f'an object with {", ".join(_REQUIRED)}')
    lists = [key for key in _REQUIRED
             if not isinstance(content.get(key), list)]
    if lists:
        return (f'has no list {", ".join(map(repr, lists))}; a COCO panoptic '
                f'JSON has {", ".join(_REQUIRED)}')
    first = next(iter(content['annotations']), {})
    if 'segmentation' in first or 'bbox' in first:
        return ('holds annotations of single objects (COCO instances); a '
                'panoptic file has segments_info and a PNG per image')
    for key, needed in _REQUIRED.items():
        for place, entry in enumerate(content[key]):
            missing = [name for name in needed if name not in entry]
            if missing:
                return (f'{key}[{place}] has no {missing[0]!r} (it has '
                        f'{sorted(entry)[:6]}); add it, or convert the '
                        'dataset anew')
    return ''
