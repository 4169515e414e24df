"""Checks of an annotation file, and of an image with its PNG."""
import hashlib
import os.path as osp
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Tuple

import numpy as np
from mmdet.datasets import CocoPanopticDataset

from ..datasets import PanopticDataset
from ..datasets.image_files import (UnreadableImageError, decode_image,
                                    read_image_size)
from ..datasets.panoptic_json import inspect_panoptic_json, png_name
from ..datasets.transforms.loading import read_panoptic_png


class ImageJob(NamedTuple):
    """An image to check; without a PNG only that it opens.

    Attributes:
        path (str): The image.
        size (tuple[int, int], optional): Height and width by the JSON.
        png (str, optional): Its panoptic PNG.
        areas (dict[int, int | None], optional): Area of each segment id by
            the JSON; None if it does not tell.
    """
    path: str
    size: Optional[Tuple[int, int]] = None
    png: Optional[str] = None
    areas: Optional[Dict[int, Optional[int]]] = None


class FileCheck(NamedTuple):
    """What was found.

    Attributes:
        path (str): The image.
        digest (str): Of its bytes; empty if it cannot be read.
        problems (list[str]): One line each.
        warnings (list[str]): What may be wrong, and cannot be told.
    """
    path: str
    digest: str
    problems: List[str]
    warnings: List[str]


def check_annotation_file(
        dataset: CocoPanopticDataset) -> Tuple[List[str], List[ImageJob]]:
    """Check a COCO panoptic JSON without opening images.

    Args:
        dataset (CocoPanopticDataset): As the config names it.

    Returns:
        tuple[list[str], list[ImageJob]]: Problems, and what to open.
    """
    name, folders = dataset.ann_file, dataset.data_prefix
    content, problems = inspect_panoptic_json(name)
    if content is None:
        return problems, []
    problems += _check_categories(dataset, content.categories)
    jobs = []
    for image in content.images:
        job = ImageJob(osp.join(folders['img'], image['file_name']))
        if 'height' in image and 'width' in image:
            job = job._replace(size=(image['height'], image['width']))
        annotation = content.annotations.get(image['id'])
        if annotation is None:
            problems.append(f'{name}: no annotation of image {image["id"]!r}')
        else:
            problems += _check_png_name(dataset, image, annotation)
            job = job._replace(
                png=osp.join(folders['seg'], png_name(image, annotation)),
                areas={s['id']: s.get('area')
                       for s in annotation['segments_info']})
        jobs.append(job)
    return problems, jobs


def _check_categories(dataset: CocoPanopticDataset,
                      categories: List[dict]) -> List[str]:
    where, names = dataset.ann_file, [c['name'] for c in categories]
    classes = list(dataset.metainfo.get('classes', ()))
    if set(names) != set(classes):
        return [
            f'{where}: categories are not the classes of the config; only in '
            f'the file: {sorted(set(names) - set(classes))}, only in '
            f'the config: {sorted(set(classes) - set(names))}'
        ]
    if not isinstance(dataset, PanopticDataset) and names != classes:
        # mmdet numbers classes in the file's order, not the config's.
        return [
            f'{where}: categories are in another order than the classes of '
            f'the config, which {type(dataset).__name__} would mix up; use '
            "type='PanopticDataset'"
        ]
    return []


def _check_png_name(dataset: CocoPanopticDataset, image: dict,
                    annotation: dict) -> List[str]:
    expected = image['file_name'].replace('.jpg', '.png')
    found = png_name(image, annotation)
    if isinstance(dataset, PanopticDataset) or found == expected:
        return []
    return [f'{dataset.ann_file}: image {image["file_name"]!r} has the PNG '
            f'{found!r}, but {type(dataset).__name__} opens {expected!r}; use '
            "type='PanopticDataset'"]


def check_image_files(job: ImageJob) -> FileCheck:
    """Open an image and its PNG and compare them with the JSON."""
    digest, problems, warnings = '', [], []
    try:
        content = Path(job.path).read_bytes()
        digest = hashlib.sha1(content).hexdigest()
        image = decode_image(content, job.path, job.size)
        problems += _check_size(job.path, image.shape[:2], job.size)
        if job.png is not None:
            warnings += _check_orientation(job.path)
    except FileNotFoundError:
        problems.append(f'{job.path}: the image is not there')
    except UnreadableImageError as error:
        problems.append(' '.join(str(error).split()))
    if job.png is not None:
        problems += _check_png(job)
    return FileCheck(job.path, digest, problems, warnings)


def _check_orientation(path: str) -> List[str]:
    """Whether it cannot be told in which frame an image was annotated."""
    size = read_image_size(path)
    if size.orientation == 1 or size.shown != size.stored:
        return []
    return [f'{path}: EXIF orientation {size.orientation} turns the image, '
            'and its size cannot tell whether it was annotated so: look at it '
            'with tools/analysis/browse_dataset.py; LoadAnyImage takes '
            'exif=False for annotation on the stored pixels']


def _check_png(job: ImageJob) -> List[str]:
    try:
        id_map = read_panoptic_png(job.png)
    except FileNotFoundError:
        return [f'{job.png}: the panoptic PNG of {job.path} is not there']
    except ValueError as error:  # which names the file
        return [str(error)]
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
    wrong = [i for i, area in job.areas.items()
             if area is not None and found.get(i, area) != area]
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
