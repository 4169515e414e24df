"""Writes the report of a benchmark: Markdown, CSV and one HTML page."""
import time
from pathlib import Path
from typing import List, Sequence

from ..utils.atomic_backend import AtomicLocalBackend
from . import page
from .figures import class_differences, curves, overview
from .jobs import Grid
from .pictures import compare
from .record import FAILED, FINISHED, why
from .results import CHECKPOINTS, RunResult, read_results
from .tables import (markdown, run_rows, runs_table, summary_csv_rows,
                     summary_markdown, summary_rows, to_csv, versions)

CURVES = ('PQ', 'PQ_th', 'PQ_st', 'mIoU')
NOTE = ('Percent. Mean over the finished seeds, ± standard deviation (n - 1); '
        'hours are wall time, steps done twice after a resume included. "-": '
        'not measured. Claimed rows are published numbers, not measured here.')


def write_report(grid: Grid, pictures: int = 4) -> Path:
    """Write ``report.md``, ``summary.csv``, ``runs.csv`` and ``report.html``.

    Args:
        grid (Grid): The grid; its work_dir gets the files.
        pictures (int): Validation images that are shown a fraction; 0 for
            none. Defaults to 4.

    Returns:
        Path: The HTML page.
    """
    results = read_results(grid)
    files = AtomicLocalBackend()
    for name, content in {
            'report.md': _markdown(grid, results),
            'summary.csv': to_csv(summary_csv_rows(grid, results)),
            'runs.csv': to_csv(run_rows(results)),
            'report.html': _html(grid, results, pictures),
    }.items():
        files.put_text(content, grid.work_dir / name)
    return grid.work_dir / 'report.html'


def _markdown(grid: Grid, results: Sequence[RunResult]) -> str:
    parts = [f'# {grid.title}', _subtitle(grid, results)]
    for checkpoint, title in CHECKPOINTS.items():
        rows = summary_rows(grid, results, checkpoint)
        parts += [f'## Results: {title}', summary_markdown(rows)]
    parts += [NOTE, '## Runs', markdown(*runs_table(results))]
    parts += [f'- {line}' for line in _failures(results)]
    parts += ['## Versions', *(f'- {line}' for line in _versions(results))]
    return '\n\n'.join(parts) + '\n'


def _html(grid: Grid, results: Sequence[RunResult], count: int) -> str:
    sections = []
    bars = overview(grid, results)
    if bars:
        sections.append(
            page.section('Panoptic quality',
                         page.svg_image(bars, 'PQ of all methods')))
    for checkpoint, title in CHECKPOINTS.items():
        rows = summary_rows(grid, results, checkpoint)
        sections.append(
            page.section(f'Results: {title}', page.summary_table(rows),
                         note=NOTE))
    charts = [(metric, curves(grid, results, metric)) for metric in CURVES]
    charts = [page.svg_image(svg, f'{metric} over the training')
              for metric, svg in charts if svg]
    if charts:
        sections.append(
            page.section('Learning curves',
                         f'<div class="charts">{"".join(charts)}</div>',
                         note='Mean over the finished seeds; the band is the '
                         'standard deviation of the students.'))
    for fraction in grid.fractions:
        sections += _pictures(grid, results, fraction, count)
        bars = class_differences(grid, results, fraction)
        if bars:
            sections.append(
                page.section(f'Classes, labelled: {fraction}',
                             page.svg_image(bars, 'Differences by class'),
                             note='Students, last, mean over the finished '
                             'seeds. Of many classes, the 30 that differ '
                             'most.'))
    sections.append(
        page.section('Runs', page.plain_table(*runs_table(results)),
                     *(f'<p class="note">{page.html.escape(line)}</p>'
                       for line in _failures(results) + _versions(results))))
    return page.html_page(grid.title, _subtitle(grid, results), sections)


def _pictures(grid: Grid, results: Sequence[RunResult], fraction: str,
              count: int) -> List[str]:
    if not count:
        return []
    images, missing = compare(grid, results, fraction, count)
    if not images and not missing:
        return []
    return [
        page.section(
            f'Pictures, labelled: {fraction}',
            *(page.picture_image(picture, name) for name, picture in images),
            note=' '.join([
                'Images spread evenly over the validation set, not chosen by '
                'result. Students of the first finished seed, last '
                'checkpoint.', *(f'Not drawn: {text}' for text in missing)]))
    ]


def _subtitle(grid: Grid, results: Sequence[RunResult]) -> str:
    finished = sum(result.state == FINISHED for result in results)
    return (f'{finished} of {len(results)} runs finished. Written '
            f'{time.strftime("%Y-%m-%d %H:%M")} from {grid.path.name}.')


def _failures(results: Sequence[RunResult]) -> List[str]:
    return [f'{result.job.name}: {why(result.job)}' for result in results
            if result.state == FAILED]


def _versions(results: Sequence[RunResult]) -> List[str]:
    return list(dict.fromkeys(filter(None, map(versions, results))))
