"""Writing COCO panoptic files such that a run can be stopped and go on."""
import io
import json
import zlib
from pathlib import Path
from typing import (Any, Dict, Iterable, List, NamedTuple, Optional, Sequence,
                    Set)

import numpy as np
from PIL import Image
from scipy.ndimage import find_objects

from ..utils.atomic import write_bytes, write_text
from ..utils.text_files import read_json, read_lines
from .image_names import result_names, without_suffix

_MAX_IDS = 2**24 - 1
INFERENCE = 'dearli_mm inference'  # the converter of results


def is_of_inference(path: Path) -> bool:
    """Whether a panoptic JSON is what ``tools/infer.py`` found."""
    content = read_json(path)
    return isinstance(content, dict) and \
        content.get('info', {}).get('converter') == INFERENCE


class Source(NamedTuple):
    """What the segments of one image are made of.

    Attributes:
        file_name (str): Image, relative to the folder of the images.
        inputs (tuple[str, ...]): Files that the segments depend on.
        extra (Any): What else is known of this image.
        result (str, optional): The image's id, and the name of its files of
            results before their suffix; :func:`name_results` makes them
            unique. Default: the image's name without its suffix.
    """
    file_name: str
    inputs: Sequence[str]
    extra: Any = None
    result: Optional[str] = None

    @property
    def stem(self) -> str:
        """str: The image's id."""
        return self.result or without_suffix(self.file_name)

    @property
    def state(self) -> str:
        """str: See :func:`signature`, of the inputs."""
        return signature(self.inputs)


class Segmented(NamedTuple):
    """The segments of one image.

    Attributes:
        segment_map (np.ndarray): Integer ``[H, W]``, 0 is void, 1..n.
        category_ids (Sequence[int]): ``[n]``; segments without a pixel are
            left out of the file.
        iscrowd (Sequence[int], optional): ``[n]``; none by default.
    """
    segment_map: np.ndarray
    category_ids: Sequence[int]
    iscrowd: Optional[Sequence[int]] = None


def name_results(sources: Sequence[Source]) -> List[Source]:
    """The sources of a run with results of their own; those of one stem keep
    the suffix of the image (``a.jpg`` and ``a.png``)."""
    names = result_names([source.file_name for source in sources])
    return [source._replace(result=name)
            for source, name in zip(sources, names)]


def signature(paths: Iterable[str]) -> str:
    """What tells whether files have changed: their sizes and times."""
    stats = [Path(path).stat() for path in paths]
    return ' '.join(f'{stat.st_size}-{stat.st_mtime_ns}' for stat in stats)


def write_png(path: Path, pixels: np.ndarray) -> None:
    """Write a PNG, all or nothing; uint8 ``[H, W]`` or ``[H, W, 3]``, RGB."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, 'PNG')
    write_bytes(path, buffer.getvalue())


def encode_image(segmented: Segmented, source: Source) -> tuple:
    """What the annotation file says of an image, and its map of ids.

    Args:
        segmented (Segmented): The segments.
        source (Source): The image.

    Returns:
        tuple:

        - dict: Entries ``image`` and ``annotation``, of segments with area;
          the image tells the categories of segments without.
        - np.ndarray: int64 ``[H, W]``, ids of the segments, 0 is void.
    """
    segment_map = np.asarray(segmented.segment_map, np.int32)
    count = len(segmented.category_ids)
    # Unlike 1..n, ids that differ between images keep pycocotools, which
    # looks segments up by id, from quadratic time.
    first = zlib.crc32(source.stem.encode()) % (_MAX_IDS - count) + 1
    empty = []
    areas = np.bincount(segment_map.ravel(), minlength=count + 1)[1:]
    places = find_objects(segment_map, max_label=count)
    segments = []
    for k, (area, place) in enumerate(zip(areas.tolist(), places)):
        if place is None:
            empty.append(int(segmented.category_ids[k]))
            continue
        (top, bottom), (left, right) = ((s.start, s.stop) for s in place)
        segments.append(
            dict(
                id=first + k,
                category_id=int(segmented.category_ids[k]),
                area=area,
                bbox=[left, top, right - left, bottom - top],
                iscrowd=0 if segmented.iscrowd is None else int(
                    segmented.iscrowd[k])))
    height, width = segment_map.shape
    record = dict(
        image=dict(
            id=source.stem,
            file_name=source.file_name,
            height=height,
            width=width),
        annotation=dict(
            image_id=source.stem,
            file_name=f'{source.stem}.png',
            segments_info=segments))
    if empty:
        record['image']['categories_without_pixels'] = empty
    return record, np.append(0, first + np.arange(count))[segment_map]


class ImageRecords:
    """Entries of a COCO panoptic JSON, with a journal until it is written.

    The file ``.written`` beside it names the images of all runs into this
    folder: only files of these are replaced.

    A record is ``dict(image=..., annotation=...)``, entries of the file's
    ``images`` and ``annotations``. Records of an earlier run are taken over
    if it had the same head.

    Args:
        json_path (Path): The annotation file.
        head (dict): ``info`` (with the ``converter``'s name) and
            ``categories`` of the file.

    Raises:
        ValueError: If the file is there and some other tool wrote it.
    """

    def __init__(self, json_path: Path, head: dict) -> None:
        self.path = json_path
        self.journal = json_path.with_name(json_path.name + '.journal')
        # As JSON knows it: no tuples, no integer keys.
        self.head = json.loads(json.dumps(head))
        self.records: Dict[str, dict] = {}
        # Images that files may be there of: of all runs, whatever their
        # images, outputs and settings, and of those that were killed.
        self.claimed: Set[str] = set()
        self._written = json_path.with_name('.written')
        if self._written.is_file():
            self.claimed.update(read_lines(self._written))
        self.journal_is_open = False
        self.is_final = self._load_json()
        self._load_journal()
        self.claimed.update(self.records)

    def is_done(self, source: Source, files: Iterable[Path]) -> bool:
        """Whether an image has a record, made of the same inputs, and files.

        Args:
            source (Source): The image.
            files (Iterable[Path]): What must have been written for it.
        """
        image = self.records.get(source.stem, {}).get('image')
        return (image is not None and image['file_name'] == source.file_name
                and image['inputs'] == source.state
                and all(path.is_file() for path in files))

    def claim(self, files: Dict[str, Sequence[Path]]) -> None:
        """Note which images are about to be written, also on disk.

        Args:
            files (dict[str, Sequence[Path]]): Files to write, by image id.

        Raises:
            ValueError: See :meth:`refuse_foreign`.
        """
        self.refuse_foreign(files)
        if not set(files) <= self.claimed or not self._written.is_file():
            self.claimed |= set(files)
            write_text(self._written, '\n'.join(sorted(self.claimed)) + '\n')

    def refuse_foreign(self, files: Dict[str, Sequence[Path]]) -> None:
        """Check that no file of others would be replaced.

        Raises:
            ValueError: If a file is there, and no run of this tool wrote it.
        """
        foreign = [
            path for image_id, paths in files.items()
            if image_id not in self.claimed for path in paths if path.exists()
        ]
        if foreign:
            raise ValueError(
                f'{len(foreign)} files are there that this tool did not '
                f'write, for instance {foreign[0]}: choose another folder, or '
                'move them away')

    def add(self, record: dict) -> None:
        """Keep a record, also on disk."""
        if not self.journal_is_open:
            lines = [self.head, *self.records.values()]
            write_text(self.journal,
                       ''.join(json.dumps(line) + '\n' for line in lines))
            self.journal_is_open = True
            self.is_final = False
        self.records[record['image']['id']] = record
        # In one write, so that lines of two runs do not get into each other.
        with open(self.journal, 'ab', buffering=0) as file:
            file.write(f'{json.dumps(record)}\n'.encode())

    def finish(self, image_ids: Sequence[str]) -> List[dict]:
        """Write the annotation file, if anything in it changes.

        Args:
            image_ids (Sequence[str]): The images of the file, in order; each
                has a record.

        Returns:
            list[dict]: Records of other images, which are left out.
        """
        gone = set(self.records) - set(image_ids)
        if not self.is_final or gone:
            kept = [self.records[image_id] for image_id in image_ids]
            content = dict(
                **self.head,
                images=[record['image'] for record in kept],
                annotations=[record['annotation'] for record in kept])
            write_text(self.path, json.dumps(content), durable=True)
        self.journal.unlink(missing_ok=True)
        return [self.records.pop(image_id) for image_id in gone]

    def _load_json(self) -> bool:
        """Returns whether the file is there with the same head."""
        if not self.path.exists():
            return False
        content = read_json(self.path)
        converter = content.get('info', {}).get('converter')
        if converter != self.head['info']['converter']:
            raise ValueError(
                f'{self.path} is there and was not written by this tool: '
                'choose another output, or move the file away')
        self.claimed.update(image['id'] for image in content['images'])
        if any(content[key] != value for key, value in self.head.items()):
            return False
        for image, annotation in zip(content['images'],
                                     content['annotations']):
            self.records[image['id']] = dict(
                image=image, annotation=annotation)
        return True

    def _load_journal(self) -> None:
        if not self.journal.exists():
            return
        head, *lines = self.journal.read_text('utf-8', 'replace').split('\n')
        if head != json.dumps(self.head):
            return
        self.is_final = False
        for line in lines:
            try:
                record = json.loads(line)
                record['annotation'], record['image']['inputs']
                self.records[record['image']['id']] = record
            except (KeyError, TypeError, ValueError):
                pass  # cut off: its image is done again
