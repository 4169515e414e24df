"""The one writer of COCO panoptic datasets, used by all converters."""
from collections import Counter
from pathlib import Path
from typing import Any, Callable, Collection, Dict, List, NamedTuple, Sequence

from ..datasets.panoptic_files import (ImageRecords, Segmented, Source,
                                       encode_image, name_results, write_png)
from ..functional.panoptic_ids import id2rgb
from ..utils.processes import run_parallel


class Target(NamedTuple):
    """Where a dataset goes, and what is the same for all of its images.

    Attributes:
        json_path (Path): Annotation file; written last. The PNG files go to
            the folder of the same name beside it.
        categories (list[dict]): ``id``, ``name``, ``isthing`` of the classes.
        info (dict): Description and settings. A dataset that was written
            with other categories or info is written anew.
    """
    json_path: Path
    categories: List[dict]
    info: Dict[str, Any]

    @property
    def png_folder(self) -> Path:
        """Path: Folder of the PNG files."""
        return self.json_path.with_suffix('')


class Counts(NamedTuple):
    """What a dataset holds, for comparison with published numbers."""
    images: int
    things: int
    stuff: int
    crowds: int
    void_share: float
    converted: int
    empty: Dict[str, int] = {}

    def __str__(self) -> str:
        segments = self.things + self.stuff + self.crowds
        new = f'{self.converted} converted now' if self.converted else \
            'all converted before'
        text = (f'{self.images} images ({new}), {segments} segments '
                f'({self.things} things, {self.stuff} stuff, {self.crowds} '
                f'crowds), {100 * self.void_share:.2f} % of the pixels void')
        if self.empty:
            named = ', '.join(f'{count} of {name!r}'
                              for name, count in self.empty.items())
            text += (f'; {sum(self.empty.values())} segments have no pixel '
                     f'left, as others lie over them, and are left out: '
                     f'{named}')
        return text


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
        ValueError: If there is no source, or a file to be written is there
            and was not written by this function.
    """
    if not sources:
        raise ValueError(f'there is no image to write {target.json_path} of')
    sources = name_results(sources)
    records = ImageRecords(
        target.json_path,
        dict(info=target.info, categories=target.categories))
    pngs = {source.stem: [target.png_folder / f'{source.stem}.png']
            for source in sources}
    jobs = [(source, read, target) for source in sources
            if not records.is_done(source, pngs[source.stem])]
    if jobs:
        records.claim({source.stem: pngs[source.stem]
                       for source, *_ in jobs})
    for record in run_parallel(_convert, jobs, workers, title) if jobs else ():
        records.add(record)
    for record in records.finish([source.stem for source in sources]):
        # Of an image that is gone.
        (target.png_folder / record['annotation']['file_name']).unlink(
            missing_ok=True)
    return _count(records.records.values(), target.categories, len(jobs))


def write_published(sources: Sequence[Source],
                    read: Callable[[Source], Segmented],
                    target: Target,
                    workers: int,
                    title: str,
                    images: int) -> Counts:
    """Convert a part of a public dataset, and print what it holds.

    Args:
        sources (Sequence[Source]): As the other arguments, see
            :func:`write_panoptic`.
        title (str): Dataset and part.
        images (int): Published number of images.
    """
    counts = write_panoptic(sources, read, target, workers, title)
    agrees = 'agrees' if counts.images == images else \
        'DIFFERS: are all there?'
    print(f'{title}: {counts}\n  published: {images} images, {agrees}')
    return counts


def _convert(job: tuple) -> dict:
    """Write the PNG of an image; returns its record."""
    source, read, target = job
    state = source.state  # before: what changes meanwhile is done again
    segmented = read(source)
    known = {category['id'] for category in target.categories}
    unknown = sorted(set(segmented.category_ids) - known)
    if unknown:
        raise ValueError(f'{source.file_name}: categories {unknown} are not '
                         'among those of the dataset')
    # Else a wrong map would end as an index error, or as another segment.
    low, high = segmented.segment_map.min(), segmented.segment_map.max()
    if low < 0 or high > len(segmented.category_ids):
        raise ValueError(
            f'{source.file_name}: the segment map holds {low}..{high}, with '
            f'{len(segmented.category_ids)} segments')
    record, id_map = encode_image(segmented, source)
    write_png(target.png_folder / f'{source.stem}.png', id2rgb(id_map))
    record['image']['inputs'] = state
    return record


def _count(records: Collection[dict], categories: List[dict],
           converted: int) -> Counts:
    isthing = {category['id']: category['isthing'] for category in categories}
    name_of = {category['id']: category['name'] for category in categories}
    images = [record['image'] for record in records]
    segments = [segment for record in records
                for segment in record['annotation']['segments_info']]
    kinds = Counter(
        'crowd' if segment['iscrowd'] else isthing[segment['category_id']]
        for segment in segments)
    empty = Counter(
        name_of[category] for image in images
        for category in image.get('categories_without_pixels', ()))
    pixels = sum(image['height'] * image['width'] for image in images)
    labeled = sum(segment['area'] for segment in segments)
    return Counts(len(images), kinds[1], kinds[0], kinds['crowd'],
                  1 - labeled / pixels, converted, dict(empty))
