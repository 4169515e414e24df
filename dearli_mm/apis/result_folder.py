"""Results on disk, in COCO panoptic format, kept such that a run can stop."""
import os
from pathlib import Path
from typing import Dict, Iterable, List, Sequence

import cv2
import numpy as np
import pandas as pd

from ..datasets.panoptic_files import (INFERENCE, ImageRecords, Segmented,
                                       Source, encode_image, name_results,
                                       write_png)
from ..functional.panoptic_ids import id2rgb
from ..utils.atomic import write_bytes
from ..utils.command_line import ensure_writable
from ..visualization import NO_SEGMENT
from .inputs import NamedImage
from .prediction import PanopticPrediction
from .vocabulary import Vocabulary

OUTPUTS = ('panoptic', 'overlay', 'semantic')
NOTHING_FOUND = (
    'No segment was found. Are the classes those of the images (--classes)? '
    'Is the checkpoint trained, and --score-thr not too high?')
_SUFFIX = dict(panoptic='.png', overlay='.jpg', semantic='.png')


class ResultFolder:
    """Writes predictions; what an earlier, same run has written stays.

    ``panoptic/`` holds PNG files (id = R + 256 G + 65536 B), ``overlay/``
    pictures, ``semantic/`` PNG files of class indices (of 16 bits, if there
    are more than 255 classes). ``panoptic.json`` tells of all segments in
    COCO panoptic format, with their scores; it is called ``segments.json``
    if there are no panoptic PNG files. It is written at the end; until then
    its entries are in a journal beside it.

    Args:
        out_dir (str): Folder; it is made.
        vocabulary (Vocabulary): The classes.
        settings (dict): What results depend on. Those of other settings are
            written anew.
        outputs (Sequence[str]): Some of ``OUTPUTS``.

    Raises:
        OSError: If the folder cannot be written.
        ValueError: If its JSON was written by another tool.
    """

    def __init__(self, out_dir: str, vocabulary: Vocabulary, settings: dict,
                 outputs: Sequence[str] = ('panoptic', 'overlay')) -> None:
        self.root = ensure_writable(out_dir, 'out')
        self.outputs = tuple(outputs)
        self._names = vocabulary.names
        self._dtype = np.uint8 if len(vocabulary.names) <= 255 else np.uint16
        self._sources: Dict[str, Source] = {}
        name = 'panoptic' if 'panoptic' in outputs else 'segments'
        self._records = ImageRecords(
            self.root / f'{name}.json',
            dict(
                info=dict(converter=INFERENCE, **settings),
                categories=vocabulary.categories))

    def check(self, images: Sequence[NamedImage]) -> List[NamedImage]:
        """Make images known, before any work is done.

        Args:
            images (Sequence[NamedImage]): All images of the run.

        Returns:
            list[NamedImage]: Those that have no results yet.

        Raises:
            ValueError: If a file to be written is there, and no run of this
                tool wrote it.
        """
        sources = name_results([
            Source(image.name, (image.image, ) if _is_file(image) else ())
            for image in images
        ])
        todo, written = [], {}
        for image, source in zip(images, sources):
            self._sources[image.name] = source
            paths = self._paths(source)
            if not (_is_file(image) and self._records.is_done(source, paths)):
                todo.append(image)
                written[source.stem] = paths
        if written:
            self._records.claim(written)
        return todo

    def add(self, prediction: PanopticPrediction) -> None:
        """Write the results of an image."""
        source = self._source(prediction.name)
        if prediction.name not in self._sources:
            self._records.refuse_foreign({source.stem: self._paths(source)})
        stem, state = source.stem, source.state
        # Categories count from 1.
        record, id_map = encode_image(
            Segmented(prediction.seg_map, prediction.labels + 1), source)
        # Every segment of a prediction has pixels, so none is left out.
        for segment, score in zip(record['annotation']['segments_info'],
                                  prediction.scores):
            segment['score'] = round(float(score), 5)
        record['image']['inputs'] = state
        if 'panoptic' in self.outputs:
            write_png(self._path('panoptic', stem), id2rgb(id_map))
        if 'semantic' in self.outputs:
            write_png(
                self._path('semantic', stem),
                prediction.semantic.astype(self._dtype))
        if 'overlay' in self.outputs:
            _, jpeg = cv2.imencode('.jpg', prediction.draw()[..., ::-1],
                                   (cv2.IMWRITE_JPEG_QUALITY, 90))
            write_bytes(self._path('overlay', stem), jpeg.tobytes())
        self._records.add(record)

    def finish(self, names: Iterable[str]) -> str:
        """Write the JSON.

        Args:
            names (Iterable[str]): Images that it is to list; those without
                results (as they could not be read) are left out.

        Returns:
            str: What is in the folder: segments and pixels of each class.
        """
        stems = [self._source(name).stem for name in names]
        stems = [stem for stem in stems if stem in self._records.records]
        self._records.finish(stems)
        files = ', '.join([f'{output}/' for output in self.outputs] +
                          [self._records.path.name])
        records = [self._records.records[stem] for stem in stems]
        found = _found_classes(records, self._names)
        number = found['segments'].sum()
        table = found.astype(object).to_markdown(
            tablefmt='simple', floatfmt='.1f')
        text = (f'{files} of {len(stems)} images in {self.root}: {number} '
                f'segments\n{table}')
        return text if number else f'{text}\n{NOTHING_FOUND}'

    def _path(self, output: str, stem: str) -> Path:
        return self.root / output / f'{stem}{_SUFFIX[output]}'

    def _paths(self, source: Source) -> List[Path]:
        return [self._path(output, source.stem) for output in self.outputs]

    def _source(self, name: str) -> Source:
        """Source of an image; frames of a video become known as they come."""
        return self._sources.get(name) or Source(name, ())


def _found_classes(records: List[dict],
                   names: Sequence[str]) -> pd.DataFrame:
    """Segments, images and share of pixels of each class that was found."""
    segments = pd.DataFrame(
        [(names[segment['category_id'] - 1], k, segment['area'])
         for k, record in enumerate(records)
         for segment in record['annotation']['segments_info']],
        columns=['class', 'image', 'pixels'])
    pixels = sum(record['image']['height'] * record['image']['width']
                 for record in records)
    groups = segments.groupby('class')
    found = pd.DataFrame({
        'segments': groups.size(),
        'images': groups['image'].nunique(),
        'pixels, %': 100 * groups['pixels'].sum() / max(pixels, 1)
    }).sort_values('pixels, %', ascending=False)
    void = 100 * (1 - segments['pixels'].sum() / max(pixels, 1))
    found.loc[NO_SEGMENT] = [0, 0, void]
    return found.astype({'segments': int, 'images': int})


def _is_file(image: NamedImage) -> bool:
    return isinstance(image.image, (str, os.PathLike))
