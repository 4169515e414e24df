"""The one writer of COCO panoptic datasets, used by all converters."""
import json
import multiprocessing
import zlib
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import (Any, Callable, Dict, Iterable, Iterator, List, NamedTuple,
                    Optional, Sequence)

import cv2
import numpy as np
from tqdm import tqdm

from ...functional.panoptic_ids import id2rgb
from .files import signature, write_json, write_png

_MAX_IDS = 2**24 - 1


class Source(NamedTuple):
    """What one image is converted from.

    Attributes:
        file_name (str): Image, relative to the folder of the images; without
            its suffix it is the image's id, and the name of its PNG.
        inputs (tuple[str, ...]): Files that the annotation is read from.
    """
    file_name: str
    inputs: Sequence[str]

    @property
    def stem(self) -> str:
        return Path(self.file_name).with_suffix('').as_posix()


class Segmented(NamedTuple):
    """The annotation of one image.

    Attributes:
        segment_map (np.ndarray): Integer ``[H, W]``, 0 is void, 1..n.
        category_ids (Sequence[int]): ``[n]``; segments without a pixel are
            left out of the file.
        iscrowd (Sequence[int], optional): ``[n]``; none by default.
    """
    segment_map: np.ndarray
    category_ids: Sequence[int]
    iscrowd: Optional[Sequence[int]] = None


class Target(NamedTuple):
    """Where a dataset goes, and what is the same for all of its images.

    Attributes:
        json_path (Path): Annotation file; written last.
        png_folder (Path): Folder of the PNG files.
        categories (list[dict]): ``id``, ``name``, ``isthing`` of the classes.
        info (dict): Description and settings. A dataset that was written
            with other categories or info is written anew.
    """
    json_path: Path
    png_folder: Path
    categories: List[dict]
    info: Dict[str, Any]


class Counts(NamedTuple):
    """What a dataset holds, for comparison with published numbers."""
    images: int
    things: int
    stuff: int
    crowds: int
    void_share: float
    converted: int

    def __str__(self) -> str:
        segments = self.things + self.stuff + self.crowds
        new = f'{self.converted} converted now' if self.converted else \
            'all converted before'
        return (f'{self.images} images ({new}), {segments} segments '
                f'({self.things} things, {self.stuff} stuff, {self.crowds} '
                f'crowds), {100 * self.void_share:.2f} % of the pixels void')


def make_categories(things: Sequence[str],
                    stuff: Sequence[str]) -> List[dict]:
    """Categories as COCO lists them; ids count from 1, things first.

    Raises:
        ValueError: If there is no class, or a name occurs twice.
    """
    names = [*things, *stuff]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice or not names:
        raise ValueError(f'classes {names} '
                         f'{f"name {twice} twice" if twice else "are none"}: '
                         'give each class once, as thing or as stuff')
    return [
        dict(id=k + 1, name=name, isthing=int(k < len(things)))
        for k, name in enumerate(names)
    ]


def write_panoptic(sources: Sequence[Source],
                   read: Callable[[Source], Segmented],
                   target: Target,
                   workers: int = 4,
                   title: str = 'converting') -> Counts:
    """Convert a dataset; what is there already is not done again.

    Every image is recorded as soon as its PNG is written, so a run that was
    stopped goes on where it was. Images whose inputs have changed since are
    converted anew, those that are gone are taken out.

    Args:
        sources (Sequence[Source]): The images.
        read (Callable): Reads the annotation of one of them; a function that
            other processes can import, or a ``functools.partial`` of one.
        target (Target): What to write.
        workers (int): Processes; 0 converts in this one. Defaults to 4.
        title (str): Of the progress bar.

    Returns:
        Counts: Of the whole dataset.

    Raises:
        ValueError: If there is no source, two of them have the same id, or
            ``json_path`` was not written by this function.
    """
    _check_sources(sources, target)
    settings = dict(categories=target.categories, info=target.info)
    done = _load_records(target, settings)
    inputs = {s.stem: signature(map(Path, s.inputs)) for s in sources}
    todo = [s for s in sources if not _is_done(s, done, inputs, target)]
    journal = _journal_path(target)
    if todo:
        _start_journal(journal, settings, done)
        with open(journal, 'a', encoding='utf-8') as file:
            jobs = [(source, read, target) for source in todo]
            for record in _run(_convert, jobs, workers, title):
                record['image']['inputs'] = inputs[record['image']['id']]
                done[record['image']['id']] = record
                file.write(json.dumps(record) + '\n')
                file.flush()
    if todo or journal.exists() or len(done) != len(sources):
        _finish(target, settings, [done.pop(s.stem) for s in sources])
        for record in done.values():  # of images that are gone
            (target.png_folder / record['annotation']['file_name']).unlink(
                missing_ok=True)
        journal.unlink(missing_ok=True)
    return _count(json.loads(target.json_path.read_text()), len(todo))


def _check_sources(sources: Sequence[Source], target: Target) -> None:
    if not sources:
        raise ValueError(f'there is no image to write {target.json_path} of')
    seen: Dict[str, str] = {}
    for source in sources:
        other = seen.setdefault(source.stem, source.file_name)
        if other is not source.file_name:
            raise ValueError(f'{other} and {source.file_name} would share '
                             f'the PNG {source.stem}.png: rename one of them')


def _journal_path(target: Target) -> Path:
    return target.json_path.with_name(target.json_path.name + '.journal')


def _load_records(target: Target, settings: dict) -> Dict[str, dict]:
    """Records of images that were converted with the same settings."""
    # As JSON knows them: no tuples, no integer keys.
    settings = json.loads(json.dumps(settings))
    records: Dict[str, dict] = {}
    path = target.json_path
    if path.exists():
        content = json.loads(path.read_text())
        if content.get('info', {}).get('converter') != \
                target.info.get('converter'):
            raise ValueError(
                f'{path} is there and was not written by this tool: choose '
                'another output, or move the file away')
        if {key: content[key] for key in settings} == settings:
            records = {
                image['id']: dict(image=image, annotation=annotation)
                for image, annotation in zip(content['images'],
                                             content['annotations'])
            }
    journal = _journal_path(target)
    if journal.exists():
        header, *lines = _complete_lines(journal)
        if header == settings:
            records.update({line['image']['id']: line for line in lines})
    return records


def _complete_lines(journal: Path) -> Iterator[dict]:
    """Lines of a journal; the last may have been cut off."""
    text = journal.read_text(encoding='utf-8')
    lines = text[:text.rfind('\n') + 1].splitlines()
    return (json.loads(line) for line in lines or ['null'])


def _start_journal(journal: Path, settings: dict,
                   done: Dict[str, dict]) -> None:
    journal.parent.mkdir(parents=True, exist_ok=True)
    part = journal.with_name(journal.name + '.part')
    with open(part, 'w', encoding='utf-8') as file:
        for line in (settings, *done.values()):
            file.write(json.dumps(line) + '\n')
    part.replace(journal)


def _is_done(source: Source, done: Dict[str, dict], inputs: Dict[str, str],
             target: Target) -> bool:
    record = done.get(source.stem)
    return (record is not None
            and record['image']['inputs'] == inputs[source.stem]
            and record['image']['file_name'] == source.file_name
            and (target.png_folder /
                 record['annotation']['file_name']).is_file())


def _run(function: Callable, jobs: Sequence, workers: int,
         title: str) -> Iterable[Any]:
    """Results in order, from several processes, with a progress bar."""
    bar = dict(total=len(jobs), desc=title, unit='img', mininterval=2)
    if workers == 0 or len(jobs) < 2:
        yield from tqdm(map(function, jobs), **bar)
        return
    methods = multiprocessing.get_all_start_methods()
    # A fork has the libraries loaded already; spawning takes seconds.
    context = multiprocessing.get_context(
        'fork' if 'fork' in methods else 'spawn')
    with ProcessPoolExecutor(
            min(workers, len(jobs)), context, cv2.setNumThreads,
        (0, )) as pool:
        chunk = max(1, min(16, len(jobs) // (4 * workers)))
        yield from tqdm(pool.map(function, jobs, chunksize=chunk), **bar)


def _convert(job: tuple) -> dict:
    source, read, target = job
    segmented = read(source)
    _check(segmented, source, target)
    return _write_image(segmented, source, target.png_folder)


def _check(segmented: Segmented, source: Source, target: Target) -> None:
    known = {category['id'] for category in target.categories}
    unknown = sorted(set(segmented.category_ids) - known)
    if unknown:
        raise ValueError(f'{source.file_name}: categories {unknown} are not '
                         'among those of the dataset')
    low, high = segmented.segment_map.min(), segmented.segment_map.max()
    if low < 0 or high > len(segmented.category_ids):
        raise ValueError(
            f'{source.file_name}: the segment map holds {low}..{high}, with '
            f'{len(segmented.category_ids)} segments')


def _write_image(segmented: Segmented, source: Source, folder: Path) -> dict:
    """Write the PNG; returns the entries of the annotation file."""
    segment_map, category_ids, iscrowd = segmented
    count = len(category_ids)
    # Unlike 1..n, ids that differ between images keep pycocotools, which
    # looks segments up by id, from quadratic time.
    first = zlib.crc32(source.stem.encode()) % (_MAX_IDS - count) + 1
    ids = np.concatenate([[0], first + np.arange(count)])
    height, width = segment_map.shape
    name = f'{source.stem}.png'
    write_png(folder / name, id2rgb(ids[segment_map]))
    segments = [
        dict(
            id=int(first + k),
            category_id=int(category_ids[k]),
            area=area,
            bbox=box,
            iscrowd=int(iscrowd[k]) if iscrowd is not None else 0)
        for k, (area, box) in enumerate(_extents(segment_map, count)) if area
    ]
    return dict(
        image=dict(
            id=source.stem,
            file_name=source.file_name,
            height=height,
            width=width),
        annotation=dict(
            image_id=source.stem, file_name=name, segments_info=segments))


def _extents(segment_map: np.ndarray, count: int) -> Iterator[tuple]:
    """Area and box (x, y, width, height) of segments 1..count."""
    rows, columns = np.nonzero(segment_map)
    numbers = segment_map[rows, columns]
    areas = np.bincount(numbers, minlength=count + 1)[1:]
    low = np.full((count + 1, 2), np.iinfo(np.int64).max)
    high = np.full((count + 1, 2), -1)
    places = np.stack([columns, rows], axis=1)
    np.minimum.at(low, numbers, places)
    np.maximum.at(high, numbers, places)
    for area, (x, y), (x1, y1) in zip(areas, low[1:], high[1:]):
        yield int(area), [int(v) for v in (x, y, x1 - x + 1, y1 - y + 1)]


def _finish(target: Target, settings: dict, records: List[dict]) -> None:
    write_json(
        target.json_path,
        dict(
            **settings,
            images=[record['image'] for record in records],
            annotations=[record['annotation'] for record in records]))


def _count(content: dict, converted: int) -> Counts:
    isthing = {c['id']: c['isthing'] for c in content['categories']}
    segments = [
        segment for annotation in content['annotations']
        for segment in annotation['segments_info']
    ]
    crowds = sum(segment['iscrowd'] for segment in segments)
    things = sum(
        isthing[segment['category_id']] and not segment['iscrowd']
        for segment in segments)
    pixels = sum(im['height'] * im['width'] for im in content['images'])
    labeled = sum(segment['area'] for segment in segments)
    return Counts(
        len(content['images']), things,
        len(segments) - things - crowds, crowds, 1 - labeled / pixels,
        converted)
