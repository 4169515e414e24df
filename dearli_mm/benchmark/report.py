"""Writes the report of a benchmark: Markdown, CSV and one HTML page."""
import base64
import html
import io
import time
from pathlib import Path
from typing import List, NamedTuple, Sequence

import markdown
import numpy as np
import pandas as pd
from PIL import Image

from ..utils.atomic import write_text
from .figures import class_differences, curves, overview
from .jobs import Grid
from .pictures import compare
from .record import FAILED, FINISHED, reason_of_failure
from .results import CHECKPOINTS, Results, read_results
from .tables import (MEASURED, for_people, runs_csv, runs_for_people, summary)

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
main {{ max-width: 1180px; margin: 0 auto; padding: 32px 24px 64px; }}
h2 {{ font-size: 19px; margin: 0 0 12px; }}
section {{ background: white; border: 1px solid #e5e7eb; overflow-x: auto;
  border-radius: 10px; padding: 20px 24px; margin: 20px 0; }}
section p, section li {{ color: #6b7280; font-size: 13px; }}
table {{ border-collapse: collapse; font-size: 13px; white-space: nowrap; }}
th, td {{ border-bottom: 1px solid #e5e7eb; padding: 5px 8px; }}
td strong {{ color: #0072b2; }}
img {{ max-width: 100%; display: block; margin: 4px auto 12px; }}
</style></head><body><main>
{body}
</main></body></html>
'''


class Section(NamedTuple):
    """A part of the report: Markdown, and ``<img>`` elements for the page."""
    title: str
    text: str
    images: Sequence[str] = ()


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
    page = '\n'.join([_to_html(head), *(
        f'<section>{_to_html(_to_markdown(section))}'
        f'{"".join(section.images)}</section>'
        for section in [*drawn[:1], *measured[:2], *drawn[1:], *measured[2:]]
    )])
    for name, content in {
            'report.md': '\n'.join([head, *map(_to_markdown, measured)]),
            'summary.csv': both.to_csv(**csv),
            'runs.csv': runs_csv(results).to_csv(**csv),
            'report.html': PAGE.format(title=html.escape(grid.title),
                                       body=page),
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
        *(Section(f'Results: {title}', _table(for_people(table)) + NOTE)
          for title, table in tables.items()),
        Section('Runs', _table(runs_for_people(results)) + _list(failures)),
        Section('Versions', _list(versions))
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
                    _list([f'Not drawn: {text}' for text in missing]),
                    [_picture(image, name) for name, image in images.items()]),
            Section(f'Classes, labelled: {fraction}',
                    'Students, last, mean over the finished seeds. Of many '
                    'classes, the 30 that differ most.',
                    _charts(class_differences(grid, results, fraction)))
        ]
    return [section for section in sections
            if section.images or 'Not drawn' in section.text]


def _table(text: pd.DataFrame) -> str:
    text = text.map(lambda cell: html.escape(str(cell)).replace('|', '\\|'))
    return text.to_markdown(index=False, disable_numparse=True) + '\n\n'


def _list(lines: Sequence[str]) -> str:
    return '\n'.join(f'- {html.escape(line, quote=False)}' for line in lines)


def _to_markdown(section: Section) -> str:
    return f'## {section.title}\n\n{section.text}\n'


def _to_html(text: str) -> str:
    return markdown.markdown(text, extensions=['tables'])


def _charts(*charts: str) -> List[str]:
    # Each an image of its own, so that ids of several cannot clash.
    return [_image(svg.encode(), 'svg+xml', 'chart') for svg in charts if svg]


def _picture(picture: np.ndarray, name: str) -> str:
    out = io.BytesIO()
    Image.fromarray(picture).save(out, format='JPEG', quality=88)
    return _image(out.getvalue(), 'jpeg', name)


def _image(content: bytes, kind: str, alt: str) -> str:
    data = base64.b64encode(content).decode()
    return (f'<img alt="{html.escape(alt)}" '
            f'src="data:image/{kind};base64,{data}">')
