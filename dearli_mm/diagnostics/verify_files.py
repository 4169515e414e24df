"""Checks of an annotation file, and of an image with its PNG."""
import hashlib
import json
import os.path as osp
from collections import Counter
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from ..datasets.image_files import UnreadableImageError, decode_image
from ..datasets.transforms.loading import read_panoptic_png
from ..utils.config_datasets import AnnotationFiles


class ImageJob(NamedTuple):
    """An image to check; without a PNG only that it opens.

    Attributes:
        path (str): The image.
        size (tuple[int, int], optional): Height and width by the JSON.
        png (str, optional): Its panoptic PNG.
        areas (dict[int, int], optional): Area of each segment id by the JSON.
    """
    path: str
    size: Optional[Tuple[int, int]] = None
    png: Optional[str] = None
    areas: Optional[Dict[int, int]] = None


class FileCheck(NamedTuple):
    """What was found.

    Attributes:
        path (str): The image.
        digest (str): Of its bytes; empty if it cannot be read.
        problems (list[str]): One line each.
    """
    path: str
    digest: str
    problems: List[str]


def check_annotation_file(
        files: AnnotationFiles) -> Tuple[List[str], List[ImageJob]]:
    """Check a COCO panoptic JSON without opening images.

    Args:
        files (AnnotationFiles): Where it is, and what the config expects.

    Returns:
        tuple[list[str], list[ImageJob]]: Problems, and what to open.
    """
    name = files.ann_file
    try:
        content = json.loads(Path(name).read_text())
        images, annotations, categories = (
            content[key] for key in ('images', 'annotations', 'categories'))
    except FileNotFoundError:
        return [f'{name}: the annotation file is not there; check data_root '
                'and ann_file'], []
    except (ValueError, KeyError, TypeError) as error:
        return [f'{name}: not a COCO panoptic JSON ({error!r})'], []
    problems = [
        *_check_categories(files, categories),
        *_check_unique(name, 'image id', [i['id'] for i in images]),
        *_check_unique(name, 'file name', [i['file_name'] for i in images]),
        *_check_unique(name, 'annotation of image',
                       [a['image_id'] for a in annotations])
    ]
    annotation_of = {a['image_id']: a for a in annotations}
    known = {category['id'] for category in categories}
    jobs = []
    for image in images:
        job = ImageJob(osp.join(files.images, image['file_name']),
                       (image['height'], image['width']))
        annotation = annotation_of.pop(image['id'], None)
        if annotation is None:
            problems.append(f'{name}: no annotation of image {image["id"]!r}')
        else:
            problems += _check_segments(files, image, annotation, known)
            job = job._replace(
                png=osp.join(files.pngs, annotation['file_name']),
                areas={s['id']: s['area']
                       for s in annotation['segments_info']})
        jobs.append(job)
    problems += [f'{name}: there is annotation of image {i!r}, but no such '
                 'image' for i in sorted(annotation_of, key=str)]
    return problems, jobs


def _check_categories(files: AnnotationFiles,
                      categories: List[dict]) -> List[str]:
    where, names = files.ann_file, [c['name'] for c in categories]
    problems = [*_check_unique(where, 'category', names),
                *_check_unique(where, 'category id',
                               [c['id'] for c in categories])]
    if set(names) != set(files.classes):
        problems.append(
            f'{where}: categories are not the classes of the config; only in '
            f'the file: {sorted(set(names) - set(files.classes))}, only in '
            f'the config: {sorted(set(files.classes) - set(names))}')
    elif files.dataset_type != 'PanopticDataset' and \
            tuple(names) != files.classes:
        # mmdet numbers classes in the file's order, not the config's.
        problems.append(
            f'{where}: categories are in another order than the classes of '
            f'the config, which {files.dataset_type} would mix up; use '
            "type='PanopticDataset'")
    return problems


def _check_unique(where: str, what: str, values: List[Any]) -> List[str]:
    return [f'{where}: {count} times the {what} {value!r}'
            for value, count in Counter(values).items() if count > 1]


def _check_segments(files: AnnotationFiles, image: dict, annotation: dict,
                    known: set) -> List[str]:
    where = f'{files.ann_file}: image {image["file_name"]!r}'
    segments = annotation['segments_info']
    problems = _check_unique(where, 'segment id', [s['id'] for s in segments])
    unknown = sorted({s['category_id'] for s in segments} - known)
    if unknown:
        problems.append(f'{where} has segments of categories {unknown}, which '
                        'are not in the file')
    expected = image['file_name'].replace('.jpg', '.png')
    if files.dataset_type != 'PanopticDataset' and \
            annotation['file_name'] != expected:
        problems.append(
            f'{where} has the PNG {annotation["file_name"]!r}, but '
            f"{files.dataset_type} opens {expected!r}; use "
            "type='PanopticDataset'")
    return problems


def check_image_files(job: ImageJob) -> FileCheck:
    """Open an image and its PNG and compare them with the JSON."""
    digest, problems = '', []
    try:
        content = Path(job.path).read_bytes()
        digest = hashlib.sha1(content).hexdigest()
        image = decode_image(content, job.path, job.size)
        problems += _check_size(job.path, image.shape[:2], job.size)
    except FileNotFoundError:
        problems.append(f'{job.path}: the image is not there')
    except UnreadableImageError as error:
        problems.append(' '.join(str(error).split()))
    if job.png is not None:
        problems += _check_png(job)
    return FileCheck(job.path, digest, problems)


def _check_png(job: ImageJob) -> List[str]:
    try:
        id_map = read_panoptic_png(job.png)
    except FileNotFoundError:
        return [f'{job.png}: the panoptic PNG of {job.path} is not there']
    except Exception as error:
        return [f'{job.png}: not a readable PNG ({error!r})']
    problems = _check_size(job.png, id_map.shape, job.size)
    ids, areas = np.unique(id_map, return_counts=True)
    found = {int(i): int(a) for i, a in zip(ids, areas) if i != 0}
    extra = sorted(set(found) - set(job.areas))
    if extra:
        problems.append(f'{job.png}: ids {extra[:5]} ({len(extra)} in all) '
                        'are not in the JSON')
    missing = sorted(set(job.areas) - set(found))
    if missing:
        problems.append(f'{job.png}: segments {missing[:5]} ({len(missing)} '
                        'in all) of the JSON have no pixel')
    wrong = [i for i, area in job.areas.items() if found.get(i, area) != area]
    if wrong:
        problems.append(
            f'{job.png}: segment {wrong[0]} has {found[wrong[0]]} pixels, the '
            f'JSON says {job.areas[wrong[0]]} ({len(wrong)} such segments)')
    return problems


def _check_size(path: str, found: Tuple[int, int],
                expected: Optional[Tuple[int, int]]) -> List[str]:
    if expected is None or tuple(found) == tuple(expected):
        return []
    return [f'{path}: {found[0]} x {found[1]} pixels (height x width), the '
            f'JSON says {expected[0]} x {expected[1]}']
