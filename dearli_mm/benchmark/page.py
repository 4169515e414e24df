"""The report as one HTML page that needs no other file."""
import base64
import html
import io
from typing import List, Sequence, Tuple

import numpy as np
from PIL import Image

from .claims import METRICS
from .tables import NOT_MEASURED, Row, text

STYLE = '''
:root { --ink: #1f2937; --soft: #6b7280; --line: #e5e7eb; --blue: #0072b2; }
* { box-sizing: border-box; }
body { margin: 0; background: #f5f6f8; color: var(--ink);
  font: 15px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 32px 24px 64px; }
h1 { font-size: 28px; margin: 0 0 4px; }
h2 { font-size: 19px; margin: 0 0 12px; }
p.note, footer { color: var(--soft); font-size: 13px; margin: 8px 0 0; }
section { background: white; border: 1px solid var(--line);
  border-radius: 10px; padding: 20px 24px; margin: 20px 0;
  overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px;
  font-variant-numeric: tabular-nums; }
th { text-align: right; font-weight: 600; color: var(--soft);
  border-bottom: 2px solid var(--line); padding: 6px 8px; }
td { text-align: right; padding: 5px 8px;
  border-bottom: 1px solid var(--line); }
td.nowrap, th.nowrap { white-space: nowrap; }
th.name, td.name { text-align: left; white-space: nowrap; }
tr.group td { background: #f9fafb; font-weight: 600; text-align: left;
  padding-top: 10px; }
tr.claimed td { font-style: italic; background: #fffbeb; }
td small { color: var(--soft); white-space: normal; }
b.best { color: var(--blue); }
.tag { background: #fde68a; color: #78350f; border-radius: 4px;
  padding: 1px 6px; font-size: 11.5px; font-style: normal; }
.tag.bad { background: #fecaca; color: #7f1d1d; }
img { max-width: 100%; display: block; margin: 4px auto 12px; }
.charts { display: flex; flex-wrap: wrap; justify-content: center; }
.charts img { margin: 4px; }
'''


def html_page(title: str, subtitle: str, sections: Sequence[str]) -> str:
    """A page of sections.

    Args:
        title (str): Plain text.
        subtitle (str): Plain text.
        sections (Sequence[str]): HTML, of :func:`section`.
    """
    return ('<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width">'
            f'<title>{html.escape(title)}</title><style>{STYLE}</style>'
            f'</head><body><main><h1>{html.escape(title)}</h1>'
            f'<p class="note">{html.escape(subtitle)}</p>\n'
            + '\n'.join(sections) + '\n</main></body></html>\n')


def section(title: str, *parts: str, note: str = '') -> str:
    """A section of HTML parts; title and note are plain text."""
    end = f'<p class="note">{html.escape(note)}</p>' if note else ''
    return (f'<section><h2>{html.escape(title)}</h2>' + ''.join(parts) + end +
            '</section>')


def svg_image(svg: str, alt: str) -> str:
    """A chart. As an image of its own, so that ids of several cannot clash."""
    data = base64.b64encode(svg.encode()).decode()
    return (f'<img alt="{html.escape(alt)}" '
            f'src="data:image/svg+xml;base64,{data}">')


def picture_image(picture: np.ndarray, alt: str) -> str:
    """A picture, uint8 RGB ``[H, W, 3]``."""
    out = io.BytesIO()
    Image.fromarray(picture).save(out, format='JPEG', quality=88)
    data = base64.b64encode(out.getvalue()).decode()
    return (f'<img alt="{html.escape(alt)}" '
            f'src="data:image/jpeg;base64,{data}">')


def summary_table(rows: Sequence[Row]) -> str:
    """The summary, a group of rows a fraction; best measured PQ in blue."""
    head = ['method', 'network', *METRICS, 'seeds', 'hours', 'peak memory']
    lines = [_line([(name, name == 'method') for name in head], 'th')]
    before = None
    for row in rows:
        fraction = row['fraction']
        if fraction != before:
            lines.append(f'<tr class="group"><td colspan="{len(head)}">'
                         f'labelled: {html.escape(str(fraction))}'
                         f'{_images(rows, fraction)}</td></tr>')
            before = fraction
        lines.append(_summary_line(row, _best(rows, fraction)))
    return f'<table>{"".join(lines)}</table>'


def plain_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of plain text; states that are no success are marked."""
    lines = [_line([(name, k < 2) for k, name in enumerate(head)], 'th')]
    for row in rows:
        cells = [(_state(text) if k == 1 else html.escape(text), k < 2)
                 for k, text in enumerate(row)]
        lines.append(_line(cells, 'td'))
    return f'<table>{"".join(lines)}</table>'


def _summary_line(row: Row, best: float) -> str:
    claimed = row['source'] != 'measured'
    name = html.escape(str(row['method']))
    if claimed:
        name += (' <span class="tag">claimed</span> '
                 f'<small>{html.escape(str(row["source"])[9:])}</small>')
    cells: List[Tuple[str, bool]] = [(name, True)]
    cells.append((html.escape(str(row.get('network', NOT_MEASURED))), False))
    for metric in METRICS:
        shown = text(row.get(metric))
        value, _, spread = shown.partition(' ± ')
        if metric == 'PQ' and not claimed and metric in row \
                and row[metric].value == best:
            value = f'<b class="best">{value}</b>'
        cells.append((value + (f' <small>± {spread}</small>' if spread else
                               ''), False))
    cells += [(str(row.get('seeds', NOT_MEASURED)), False),
              (text(row.get('hours'), 2), False),
              (str(row.get('memory', NOT_MEASURED)), False)]
    return _line(cells, 'td', 'claimed' if claimed else '')


def _best(rows: Sequence[Row], fraction: str) -> float:
    return max((row['PQ'].value for row in rows
                if row['fraction'] == fraction and 'PQ' in row
                and row['source'] == 'measured'), default=-1)


def _images(rows: Sequence[Row], fraction: str) -> str:
    counts = [row['labeled'] for row in rows if row['fraction'] == fraction
              and row['labeled'] and row['source'] == 'measured']
    return f' &nbsp;({counts[0]} images)' if counts else ''


def _line(cells: Sequence[Tuple[str, bool]], tag: str,
          kind: str = '') -> str:
    inner = ''.join(
        f'<{tag} class="name">{cell}</{tag}>' if is_name else
        f'<{tag} class="nowrap">{cell}</{tag}>'
        if tag == 'td' else f'<{tag}>{cell}</{tag}>'
        for cell, is_name in cells)
    return f'<tr class="{kind}">{inner}</tr>' if kind else f'<tr>{inner}</tr>'


def _state(state: str) -> str:
    good = state in ('finished', 'running')
    return state if good else f'<span class="tag bad">{state}</span>'
