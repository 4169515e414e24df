"""The page at the end: numbers, pictures, commands."""
import html
from pathlib import Path
from typing import Iterable, List, Optional, Sequence

import numpy as np
import pandas as pd

from ..apis.inputs import find_inputs
from ..benchmark.page import (Section, html_page, picture_tag, to_list,
                              to_table)
from ..benchmark.run_logs import read_validations
from ..datasets.image_files import decode_image
from ..datasets.panoptic_files import Source, name_results
from ..datasets.splits import read_split
from ..utils.atomic import write_text
from ..visualization import contact_sheet, enlarge
from .held_out import count_held_out
from .options import Options
from .stages import Stage, results_folder

METRICS = ('PQ', 'SQ', 'RQ', 'PQ_th', 'PQ_st', 'mIoU')
WIDTH = 420  # pixels of a picture
NO_NUMBER = ('No photo was held out, so there is no number: look at the '
             'pictures. `--val-labels FOLDER`, with labels of photos that are '
             'not trained on, gives one (with another `--out`).')


def write_report(options: Options, stages: Sequence[Stage]) -> Path:
    """Write ``report.html`` into the folder of the run.

    Args:
        options (Options): Of the run.
        stages (Sequence[Stage]): All that were run.

    Returns:
        Path: The page.
    """
    out = Path(options.out)
    sections = [
        _numbers(options),
        _pictures('Unlabelled photos', 'Input and segments.',
                  shown_predictions(options)),
        _pictures('Validation photos', 'Input, annotation, teacher, student.',
                  _files(out / 'training' / 'pictures', options.pictures)),
        _pictures('What training sees', 'Labelled photos, their segments, and '
                  'views of unlabelled ones.',
                  _files(out / 'look', options.pictures, 'browse_*')),
        _pictures('Masks of the warm-up', '', _files(
            out / 'masks-look', options.pictures)),
        Section('Commands', 'What was run, and can be run without this tool; '
                'of two commands either does.\n\n```\n' + '\n'.join(
                    html.escape(command, quote=False)
                    for stage in stages for command in stage.shown) +
                '\n```\n')
    ]
    page = html_page(f'Few labels: {out.name}', _head(options), [
        section for section in sections if section is not None])
    write_text(out / 'report.html', page)
    return out / 'report.html'


def _head(options: Options) -> str:
    out = Path(options.out)
    labeled = len(read_split(out / 'labeled.txt'))
    method = 'DEAR: no warm-up' if options.masks == 'none' else \
        f'DEARLi: warm-up on masks of {options.masks}'
    return (f'# {html.escape(out.name)}\n\n{labeled} labelled photos of '
            f'{html.escape(options.photos)}; {method}. The network is the '
            'last checkpoint in `training/`, its settings are in '
            '`config.py`.\n')


def _numbers(options: Options) -> Section:
    """PQ of both networks at the last validation, and of classes."""
    found = read_validations(Path(options.out) / 'training', None)
    if not options.val_labels or not found:
        return Section('Panoptic quality', NO_NUMBER)
    step, last = max(found.items())
    networks = [name for name in ('student', 'teacher')
                if f'{name}/PQ' in last]
    rows = [dict(network=name, **{
        metric: _percent(last.get(f'{name}/{metric}')) for metric in METRICS})
        for name in networks]
    start = 'student/PQ/'
    classes = [{'class': key[len(start):], 'PQ': _percent(value)}
               for key, value in last.items() if key.startswith(start)]
    text = to_table(pd.DataFrame(rows)) + to_list([
        f'Percent, step {step}, {count_held_out(options)} validation photos: '
        'of few photos it is a rough number.'])
    if classes:
        text += '\n\nThe student, class by class:\n\n' + to_table(
            pd.DataFrame(classes))
    return Section('Panoptic quality', text)


def _percent(value: Optional[float]) -> str:
    return '-' if value is None or value != value else f'{value:.1f}'


def _pictures(title: str, text: str,
              pictures: Iterable[tuple]) -> Optional[Section]:
    tags = [picture_tag(picture, name) for name, picture in pictures]
    return Section(title, text, tags) if tags else None


def shown_predictions(options: Options) -> List[tuple]:
    """Names of photos, and each beside what was found in it, uint8 RGB."""
    images = find_inputs(str(Path(options.out) / 'show.txt'))
    folder = results_folder(options) / 'overlay'
    return [(image.name, contact_sheet(
        [_read(Path(image.image)), _read(overlay)], 2))
        for image, source in zip(images, name_results(
            [Source(image.name, ()) for image in images]))
        if (overlay := folder / f'{source.stem}.jpg').is_file()]


def _files(folder: Path, count: int, pattern: str = '*') -> List[tuple]:
    paths = [path for path in sorted(folder.rglob(f'{pattern}.*'))
             if path.suffix in ('.png', '.jpg')]
    return [(path.name, decode_image(path.read_bytes(), str(path))[..., ::-1])
            for path in paths[:count]]


def _read(path: Path) -> np.ndarray:
    image = np.ascontiguousarray(
        decode_image(path.read_bytes(), str(path))[..., ::-1])
    height, width = image.shape[:2]
    return enlarge(image, (max(1, round(height * WIDTH / width)), WIDTH))
