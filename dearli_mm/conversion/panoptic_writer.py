"""The one writer of COCO panoptic datasets, used by all converters."""
import json
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence

from ..datasets.panoptic_files import (ImageRecords, Segmented, Source,
                                       encode_image, signature, write_png)
from ..functional.panoptic_ids import id2rgb
from ..utils.parallel import run_parallel


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
    records = ImageRecords(
        target.json_path,
        dict(info=target.info, categories=target.categories))
    inputs = {s.stem: signature(map(Path, s.inputs)) for s in sources}
    todo = [
        source for source in sources
        if not _is_done(records.get(source.stem), source,
                        inputs[source.stem], target.png_folder)
    ]
    jobs = [(source, read, target) for source in todo]
    for record in run_parallel(_convert, jobs, workers, title) if jobs else ():
        record['image']['inputs'] = inputs[record['image']['id']]
        records.add(record)
    for record in records.finish([source.stem for source in sources]):
        # Of an image that is gone.
        (target.png_folder / record['annotation']['file_name']).unlink(
            missing_ok=True)
    return _count(json.loads(target.json_path.read_text()), len(todo))


def _is_done(record: Optional[dict], source: Source, inputs: str,
             png_folder: Path) -> bool:
    return (record is not None and record['image']['inputs'] == inputs
            and record['image']['file_name'] == source.file_name
            and (png_folder / record['annotation']['file_name']).is_file())


def _check_sources(sources: Sequence[Source], target: Target) -> None:
    if not sources:
        raise ValueError(f'there is no image to write {target.json_path} of')
    seen: Dict[str, str] = {}
    for source in sources:
        other = seen.setdefault(source.stem, source.file_name)
        if other is not source.file_name:
            raise ValueError(f'{other} and {source.file_name} would share '
                             f'the PNG {source.stem}.png: rename one of them')


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
    record, id_map = encode_image(segmented, source)
    write_png(folder / record['annotation']['file_name'], id2rgb(id_map))
    return record


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
