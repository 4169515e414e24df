"""Writes the report of a benchmark: Markdown, CSV and one HTML page."""
import base64
import html
import io
import time
from pathlib import Path
from typing import List

import numpy as np
import pandas as pd
from pandas.io.formats.style import Styler
from PIL import Image

from ..utils.atomic import write_text
from .figures import class_differences, curves, overview
from .jobs import Grid
from .pictures import compare
from .record import FAILED, FINISHED, reason_of_failure
from .results import CHECKPOINTS, Results, read_results
from .tables import (MEASURED, for_people, runs_csv, runs_for_people, summary,
                     summary_of_both)

CURVES = ('PQ', 'PQ_th', 'PQ_st', 'mIoU')
NOTE = ('Percent. Mean over the finished seeds, ± standard deviation (n - 1); '
        'hours are wall time, steps done twice after a resume included. "-": '
        'not measured. Claimed rows are published numbers, not measured here.')
PAGE = '''<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title><style>
body {{ margin: 0; background: #f5f6f8; color: #1f2937;
  font: 15px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }}
main {{ max-width: 1120px; margin: 0 auto; padding: 32px 24px 64px; }}
h1 {{ font-size: 28px; margin: 0 0 4px; }}
h2 {{ font-size: 19px; margin: 0 0 12px; }}
h3 {{ font-size: 14px; margin: 16px 0 4px; }}
p.note {{ color: #6b7280; font-size: 13px; margin: 8px 0 0; }}
section {{ background: white; border: 1px solid #e5e7eb; overflow-x: auto;
  border-radius: 10px; padding: 20px 24px; margin: 20px 0; }}
table {{ border-collapse: collapse; width: 100%; font-size: 13.5px;
  font-variant-numeric: tabular-nums; white-space: nowrap; }}
th {{ color: #6b7280; border-bottom: 2px solid #e5e7eb; }}
td {{ border-bottom: 1px solid #e5e7eb; }}
th, td {{ text-align: right; padding: 5px 8px; }}
.col0, .col1 {{ text-align: left; }}
td.claimed {{ font-style: italic; background: #fffbeb; }}
td.best {{ color: #0072b2; font-weight: bold; }}
td.bad {{ background: #fecaca; }}
img {{ max-width: 100%; display: block; margin: 4px auto 12px; }}
.charts {{ display: flex; flex-wrap: wrap; justify-content: center; }}
</style></head><body><main>
<h1>{title}</h1><p class="note">{subtitle}</p>
{sections}
</main></body></html>
'''


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
    csv = dict(index=False, na_rep='-', lineterminator='\n')
    for name, content in {
            'report.md': _markdown(grid, results),
            'summary.csv': summary_of_both(grid, results).to_csv(**csv),
            'runs.csv': runs_csv(results).to_csv(**csv),
            'report.html': _html(grid, results, pictures),
    }.items():
        write_text(grid.work_dir / name, content)
    return grid.work_dir / 'report.html'


def _markdown(grid: Grid, results: Results) -> str:
    parts = [f'# {grid.title}', _subtitle(grid, results)]
    for checkpoint, title in CHECKPOINTS.items():
        table = summary(grid, results, checkpoint)
        text = for_people(table)
        text.insert(0, 'labelled', table.fraction)
        text.insert(1, 'images', table.labeled.astype(object).fillna('-'))
        parts += [f'## Results: {title}', _to_markdown(text)]
    parts += [NOTE, '## Runs', _to_markdown(runs_for_people(results))]
    parts += [f'- {line}' for line in _failures(grid, results)]
    parts += ['## Versions', *(f'- {line}' for line in _versions(results))]
    return '\n\n'.join(parts) + '\n'


def _html(grid: Grid, results: Results, count: int) -> str:
    tables = {title: summary(grid, results, checkpoint)
              for checkpoint, title in CHECKPOINTS.items()}
    sections = [_section('Panoptic quality',
                         _chart(overview(grid, tables[CHECKPOINTS['last']])))]
    sections += [
        _section(f'Results: {title}', *(
            _summary_table(fraction, group) for fraction, group in
            table.groupby('fraction', sort=False)), note=NOTE)
        for title, table in tables.items()
    ]
    charts = ''.join(_chart(curves(grid, results, name)) for name in CURVES)
    sections.append(
        _section('Learning curves',
                 f'<div class="charts">{charts}</div>' if charts else '',
                 note='Mean over the finished seeds; the band is the standard '
                 'deviation of the students.'))
    for fraction in grid.fractions:
        images, missing = compare(grid, results, fraction, count) \
            if count else ({}, [])
        sections += [
            _section(f'Pictures, labelled: {fraction}', *(
                _picture(image, name) for name, image in images.items()),
                *(_note(f'Not drawn: {text}') for text in missing),
                note='Images spread evenly over the validation set, not '
                'chosen by result. Students of the first finished seed, last '
                'checkpoint.'),
            _section(f'Classes, labelled: {fraction}',
                     _chart(class_differences(grid, results, fraction)),
                     note='Students, last, mean over the finished seeds. Of '
                     'many classes, the 30 that differ most.')
        ]
    runs = runs_for_people(results)
    marks = pd.DataFrame('', runs.index, runs.columns)
    marks.loc[~runs.state.isin([FINISHED, 'running']), 'state'] = 'bad'
    notes = _failures(grid, results) + _versions(results)
    sections.append(_section('Runs', _table(runs, marks), *map(_note, notes)))
    return PAGE.format(title=html.escape(grid.title),
                       subtitle=html.escape(_subtitle(grid, results)),
                       sections='\n'.join(sections))


def _summary_table(fraction: str, table: pd.DataFrame) -> str:
    """Rows of one fraction; the best measured PQ is marked."""
    text = for_people(table)
    claimed = table.source != MEASURED
    marks = pd.DataFrame('', text.index, text.columns)
    marks.loc[claimed] = 'claimed'
    measured = table.PQ[~claimed]
    marks.loc[measured.index[measured == measured.max()], 'PQ'] = 'best'
    images = table.labeled.dropna().unique()
    title = f'labelled: {fraction}' + (
        f' ({images[0]} images)' if len(images) else '')
    return f'<h3>{html.escape(title)}</h3>{_table(text, marks)}'


def _table(text: pd.DataFrame, marks: pd.DataFrame) -> str:
    style = Styler(text, cell_ids=False).hide(axis='index')
    return style.format(escape='html').set_td_classes(marks).to_html()


def _section(title: str, *parts: str, note: str = '') -> str:
    """HTML parts under a title; nothing without parts."""
    body = ''.join(parts)
    return body and (f'<section><h2>{html.escape(title)}</h2>{body}'
                     f'{_note(note) if note else ""}</section>')


def _note(text: str) -> str:
    return f'<p class="note">{html.escape(text)}</p>'


def _chart(svg: str) -> str:
    # As an image of its own, so that ids of several cannot clash.
    return svg and _image(svg.encode(), 'svg+xml', 'chart')


def _picture(picture: np.ndarray, name: str) -> str:
    out = io.BytesIO()
    Image.fromarray(picture).save(out, format='JPEG', quality=88)
    return _image(out.getvalue(), 'jpeg', name)


def _image(content: bytes, kind: str, alt: str) -> str:
    data = base64.b64encode(content).decode()
    return (f'<img alt="{html.escape(alt)}" '
            f'src="data:image/{kind};base64,{data}">')


def _to_markdown(text: pd.DataFrame) -> str:
    text = text.map(lambda cell: str(cell).replace('|', '\\|'))
    return text.to_markdown(index=False, disable_numparse=True)


def _subtitle(grid: Grid, results: Results) -> str:
    finished = (results.runs.state == FINISHED).sum()
    return (f'{finished} of {len(results.runs)} runs finished. Written '
            f'{time.strftime("%Y-%m-%d %H:%M")} from {grid.path.name}.')


def _failures(grid: Grid, results: Results) -> List[str]:
    failed = results.runs.name[results.runs.state == FAILED]
    return [f'{name}: {reason_of_failure(grid.job(name))}' for name in failed]


def _versions(results: Results) -> List[str]:
    return results.runs.versions.dropna().unique().tolist()
