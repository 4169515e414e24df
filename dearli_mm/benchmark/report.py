"""Writes the report of a benchmark: Markdown, CSV and one HTML page."""
import html
import time
from pathlib import Path
from typing import List

import pandas as pd

from ..utils.atomic import write_text
from .figures import class_differences, curves, overview
from .jobs import Grid
from .page import (Section, html_page, image_tag, picture_tag, to_list,
                   to_table)
from .pictures import compare
from .record import FAILED, FINISHED, reason_of_failure
from .results import CHECKPOINTS, Results, read_results
from .tables import (MEASURED, for_people, runs_csv, runs_for_people, summary)

CURVES = ('PQ', 'PQ_th', 'PQ_st', 'mIoU')
NOTE = ('Percent. Mean over the finished seeds, ± standard deviation (n - 1); '
        'hours are wall time, steps done twice after a resume included. "-": '
        'not measured. Claimed rows are published numbers, not measured here.')


def write_report(grid: Grid, pictures: int = 4) -> Path:
    """Write ``report.md``, ``summary.csv``, ``runs.csv`` and ``report.html``.

    Args:
        grid (Grid): The grid; its work_dir gets the files.
        pictures (int): Validation images that are shown per fraction; 0 for
            none. Defaults to 4.

    Returns:
        Path: The HTML page.
    """
    results = read_results(grid)
    tables = {title: summary(grid, results, checkpoint)
              for checkpoint, title in CHECKPOINTS.items()}
    finished = (results.runs.state == FINISHED).sum()
    head = (f'# {html.escape(grid.title)}\n\n{finished} of '
            f'{len(results.runs)} runs finished. Written '
            f'{time.strftime("%Y-%m-%d %H:%M")} from {grid.path.name}.\n')
    measured = _measured(grid, results, tables)
    drawn = _drawn(grid, results, tables['last'], pictures)
    both = pd.concat(tables, names=['checkpoint', None]).reset_index(0)
    # Nobody says of which checkpoint a published number is.
    both.loc[both.source != MEASURED, 'checkpoint'] = None
    csv = dict(index=False, na_rep='-', lineterminator='\n')
    page = html_page(grid.title, head, [
        *drawn[:1], *measured[:2], *drawn[1:], *measured[2:]])
    for name, content in {
            'report.md': '\n'.join([
                head, *(section.markdown for section in measured)]),
            'summary.csv': both.to_csv(**csv),
            'runs.csv': runs_csv(results).to_csv(**csv),
            'report.html': page,
    }.items():
        write_text(grid.work_dir / name, content)
    return grid.work_dir / 'report.html'


def _measured(grid: Grid, results: Results, tables: dict) -> List[Section]:
    """Sections of numbers."""
    failed = results.runs.name[results.runs.state == FAILED]
    failures = [f'{name}: {reason_of_failure(grid.job(name))}'
                for name in failed]
    versions = results.runs.versions.dropna().unique()
    return [
        *(Section(f'Results: {title}', to_table(for_people(table)) + NOTE)
          for title, table in tables.items()),
        Section('Runs', to_table(runs_for_people(results)) +
                to_list(failures)),
        Section('Versions', to_list(versions))
    ]


def _drawn(grid: Grid, results: Results, last: pd.DataFrame,
           count: int) -> List[Section]:
    """Sections of charts and pictures."""
    sections = [
        Section('Panoptic quality', '', _charts(overview(grid, last))),
        Section('Learning curves', 'Mean over the finished seeds; the band is '
                'the standard deviation of the students.',
                _charts(*(curves(grid, results, name) for name in CURVES)))
    ]
    for fraction in grid.fractions:
        images, missing = compare(grid, results, fraction, count) \
            if count else ({}, [])
        sections += [
            Section(f'Pictures, labelled: {fraction}',
                    'Images spread evenly over the validation set, not chosen '
                    'by result. Students of the first finished seed, last '
                    'checkpoint.\n\n' +
                    to_list([f'Not drawn: {text}' for text in missing]),
                    [picture_tag(image, name)
                     for name, image in images.items()]),
            Section(f'Classes, labelled: {fraction}',
                    'Students, last, mean over the finished seeds. Of many '
                    'classes, the 30 that differ most.',
                    _charts(class_differences(grid, results, fraction)))
        ]
    return [section for section in sections
            if section.images or 'Not drawn' in section.text]


def _charts(*charts: str) -> List[str]:
    # Each an image of its own, so that ids of several cannot clash.
    return [image_tag(svg.encode(), 'svg+xml', 'chart')
            for svg in charts if svg]
