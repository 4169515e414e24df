"""Results on disk, in COCO panoptic format, kept such that a run can stop."""
import errno
import os
from pathlib import Path
from typing import Dict, Iterable, List, Sequence

import cv2
import numpy as np

from ..datasets.panoptic_files import (ImageRecords, Segmented, Source,
                                       encode_image, write_png)
from ..functional.panoptic_ids import id2rgb
from ..utils.atomic import write_bytes
from .inputs import NamedImage
from .prediction import PanopticPrediction
from .vocabulary import Vocabulary

OUTPUTS = ('panoptic', 'overlay', 'semantic')
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
        self.root = Path(out_dir).expanduser()
        self.outputs = tuple(outputs)
        self._category_ids = np.array(
            [category['id'] for category in vocabulary.categories])
        self._dtype = np.uint8 if len(vocabulary.names) <= 255 else np.uint16
        self._sources: Dict[str, Source] = {}
        self._ensure_writable()
        name = 'panoptic' if 'panoptic' in outputs else 'segments'
        self._records = ImageRecords(
            self.root / f'{name}.json',
            dict(
                info=dict(converter='dearli_mm inference', **settings),
                categories=vocabulary.categories))

    def check(self, images: Sequence[NamedImage]) -> List[NamedImage]:
        """Make images known, before any work is done.

        Args:
            images (Sequence[NamedImage]): All images of the run.

        Returns:
            list[NamedImage]: Those that have no results yet.

        Raises:
            ValueError: If two of them would have the same results.
        """
        names: Dict[str, str] = {}
        todo = []
        for image in images:
            is_file = isinstance(image.image, (str, os.PathLike))
            source = Source(image.name, (image.image, ) if is_file else ())
            other = names.setdefault(source.stem, image.name)
            if source.stem in self._sources:
                raise ValueError(
                    f'{other} and {image.name} would share the results '
                    f'{source.stem}{_SUFFIX[self.outputs[0]]}: rename one of '
                    'them, or give them in two runs')
            self._sources[source.stem] = source
            files = [self._path(output, source.stem)
                     for output in self.outputs]
            if not (is_file and self._records.is_done(source, files)):
                todo.append(image)
        return todo

    def add(self, prediction: PanopticPrediction) -> None:
        """Write the results of an image."""
        source = self._sources.get(
            _stem(prediction.name)) or Source(prediction.name, ())
        stem, state = source.stem, source.state
        record, id_map = encode_image(
            Segmented(prediction.seg_map,
                      self._category_ids[prediction.labels]), source)
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

    def finish(self, names: Iterable[str]) -> None:
        """Write the JSON.

        Args:
            names (Iterable[str]): Images that it is to list; those without
                results (as they could not be read) are left out.
        """
        stems = map(_stem, names)
        self._records.finish(
            [stem for stem in stems if stem in self._records.records])

    def _path(self, output: str, stem: str) -> Path:
        return self.root / output / f'{stem}{_SUFFIX[output]}'

    def _ensure_writable(self) -> None:
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            if not os.access(self.root, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        except OSError as error:
            raise OSError(
                error.errno, f'out={str(self.root)!r} cannot be written '
                f'({error.strerror}); choose another folder') from error


def _stem(name: str) -> str:
    return Source(name, ()).stem
