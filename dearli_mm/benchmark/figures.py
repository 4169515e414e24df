"""Charts of a report, as SVG text; empty if there is nothing to show."""
import io
from typing import Callable, Dict, Tuple

import numpy as np
import pandas as pd
from matplotlib import style
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .jobs import Grid
from .record import FINISHED
from .results import Results
from .tables import MEASURED

# Told apart by people who see colours differently, too.
COLORS = ('#6b7280', '#0072b2', '#009e73', '#d55e00', '#cc79a7', '#e69f00',
          '#56b4e9', '#7b3294')
STYLE = ('seaborn-v0_8-whitegrid', {'svg.hashsalt': 'benchmark'})
MAX_CLASSES = 30  # in a chart of differences: those that differ most


def overview(grid: Grid, table: pd.DataFrame) -> str:
    """PQ of the students as bars; claims are hatched.

    Args:
        grid (Grid): The grid.
        table (DataFrame): See :func:`~.tables.summary`.
    """
    table = table[(table.network != 'teacher') & table.PQ.notna()]
    colors = {grid.methods[m]: color for m, color in _colors(grid).items()}
    claimed = table.source != MEASURED

    def draw(figure: Figure) -> None:
        axis = figure.subplots()
        bars = axis.barh(
            range(len(table)), table.PQ, 0.72, xerr=table.PQ_spread.fillna(0),
            color=table.method.map(colors).where(~claimed, 'white'),
            edgecolor='#6b7280', hatch=np.where(claimed, '////', ''))
        axis.bar_label(bars, fmt='%.1f', padding=4, fontsize=9)
        axis.set_yticks(range(len(table)), table.fraction + ', ' +
                        table.method + np.where(claimed, ' (claimed)', ''))
        axis.invert_yaxis()
        axis.grid(axis='y', visible=False)
        axis.set_xlabel('PQ (%), student, last')

    return _svg(draw, (8.6, 0.3 * len(table) + 1)) if len(table) else ''


def curves(grid: Grid, results: Results, metric: str) -> str:
    """A metric over the training: a line per method, a band over its seeds.

    Students are drawn solid, teachers dotted; claims are dashed lines.

    Args:
        grid (Grid): The grid.
        results (Results): Of its runs; finished ones are drawn.
        metric (str): Name without network, such as 'PQ'.
    """
    scores = results.scores[(results.scores.state == FINISHED)
                            & (results.scores.metric == metric)]
    shown = [f for f in grid.fractions if f in set(scores.fraction)]
    width = max(4.3 * len(shown), 5.1)

    def draw(figure: Figure) -> None:
        axes = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
        handles: Dict[str, object] = {}
        for axis, fraction in zip(axes, shown):
            _draw_curves(axis, grid, scores[scores.fraction == fraction])
            for claim in grid.claims:
                if claim['fraction'] == fraction and metric in claim:
                    axis.axhline(claim[metric], color='#6b7280', ls='--',
                                 lw=1, label=f'{claim["method"]} (claimed)')
            axis.set(title=f'labelled: {fraction}', xlabel='step')
            axis.xaxis.set_major_locator(MaxNLocator(6, integer=True))
            lines, labels = axis.get_legend_handles_labels()
            handles.update(zip(labels, lines))
        axes[0].set_ylabel(f'{metric} (%)')
        figure.legend(handles.values(), handles.keys(), fontsize=9,
                      ncols=int(width / 2), loc='outside lower center')

    return _svg(draw, (width, 3.8)) if shown else ''


def class_differences(grid: Grid, results: Results, fraction: str) -> str:
    """PQ of each class minus that of the first method, students, at the end.
    """
    means = results.means('last')['mean'].reset_index()
    means = means[(means.fraction == fraction) & (means.network == 'student')
                  & means.metric.str.startswith('PQ/')]
    table = means.pivot(index='metric', columns='method', values='mean')
    table = table.reindex(columns=list(grid.methods))
    table.index = table.index.str.removeprefix('PQ/')
    gains = table.sub(table.iloc[:, 0], axis=0).iloc[:, 1:]
    gains = gains.dropna(how='all').dropna(how='all', axis=1)
    mean = gains.mean(axis=1)
    chosen = mean[mean.abs().nlargest(MAX_CLASSES).index].sort_values()
    gains = gains.loc[chosen.index]

    def draw(figure: Figure) -> None:
        axes = figure.subplots(1, len(gains.columns), sharey=True,
                               sharex=True, squeeze=False)[0]
        for axis, method in zip(axes, gains):
            color = _colors(grid)[method]
            axis.barh(gains.index, gains[method], color=color, height=0.7)
            axis.axvline(0, color='#374151', lw=1)
            axis.grid(axis='y', visible=False)
            axis.set_title(grid.methods[method], color=color)
        first = next(iter(grid.methods.values()))
        figure.supxlabel(f'PQ minus that of {first} (points)', fontsize=10)

    size = (max(3.2 * len(gains.columns), 5), 0.26 * len(gains) + 1.2)
    return _svg(draw, size) if gains.size else ''


def _draw_curves(axis, grid: Grid, scores: pd.DataFrame) -> None:
    """Lines of one fraction, at steps that all seeds have."""
    for (method, network), found in scores.groupby(['method', 'network'],
                                                   sort=False):
        seeds = found.pivot(index='step', columns='seed',
                            values='value').dropna()
        mean, spread = seeds.mean(axis=1), seeds.std(axis=1)
        color = _colors(grid)[method]
        axis.plot(mean.index, mean, '-' if network == 'student' else ':',
                  color=color, label=f'{grid.methods[method]}, {network}',
                  marker='o' if len(mean) < 30 else None, ms=3)
        if network == 'student':
            axis.fill_between(mean.index, mean - spread, mean + spread,
                              color=color, alpha=0.15, lw=0)


def _colors(grid: Grid) -> Dict[str, str]:
    return {method: COLORS[k % len(COLORS)]
            for k, method in enumerate(grid.methods)}


def _svg(draw: Callable[[Figure], None], size: Tuple[float, float]) -> str:
    with style.context(STYLE):
        figure = Figure(figsize=size, layout='constrained')
        draw(figure)
        out = io.StringIO()
        figure.savefig(out, format='svg', metadata=dict(Date=None))
    return out.getvalue()
