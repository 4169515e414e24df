"""Charts of a report, as SVG text."""
import io
import itertools
from typing import Callable, Dict, Iterator, List, Optional, Sequence, Tuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .jobs import Grid
from .record import FINISHED
from .results import RunResult, cell, mean_over_seeds

# Told apart by people who see colours differently, too.
COLORS = ('#6b7280', '#0072b2', '#009e73', '#d55e00', '#cc79a7', '#e69f00',
          '#56b4e9', '#7b3294')
STYLE = {
    'font.size': 10,
    'axes.spines.top': False,
    'axes.spines.right': False,
    'axes.edgecolor': '#9ca3af',
    'axes.grid': True,
    'axes.axisbelow': True,
    'axes.titlesize': 11,
    'axes.titleweight': 'bold',
    'grid.color': '#e5e7eb',
    'xtick.color': '#4b5563',
    'ytick.color': '#4b5563',
    'text.color': '#1f2937',
    'axes.labelcolor': '#4b5563',
    'legend.frameon': False,
    'svg.hashsalt': 'benchmark',
}
MAX_CLASSES = 30  # in a chart of differences: those that differ most


def overview(grid: Grid, results: Sequence[RunResult]) -> Optional[str]:
    """PQ of the students at the end, as bars; claims are hatched.

    Returns:
        str | None: SVG; None if there is nothing to show.
    """
    groups = []
    for fraction in grid.fractions:
        bars = []
        for (method, label), color in zip(grid.methods.items(), _colors()):
            mean = mean_over_seeds(
                cell(results, method, fraction), 'last', 'student').get('PQ')
            if mean:
                bars.append((label, mean.value, mean.spread, color))
        bars += [(f'{claim["method"]} (claimed)', claim['PQ'], None, None)
                 for claim in grid.claims
                 if claim['fraction'] == fraction and 'PQ' in claim]
        if bars:
            groups.append((fraction, bars))
    if not groups:
        return None
    rows = [len(bars) for _, bars in groups]
    return _svg(lambda figure: _draw_overview(figure, groups),
                (8.6, 0.34 * sum(rows) + 0.62 * len(rows) + 0.3))


def curves(grid: Grid, results: Sequence[RunResult],
           metric: str) -> Optional[str]:
    """A metric over the training: a line a method, a band over its seeds.

    Students are drawn solid, teachers dotted; claims are dashed lines.

    Args:
        grid (Grid): The grid.
        results (Sequence[RunResult]): Of its runs; finished ones are drawn.
        metric (str): Name without network, such as 'PQ'.

    Returns:
        str | None: SVG; None if there is nothing to show.
    """
    shown = [
        fraction for fraction in grid.fractions if any(
            _curve(cell(results, method, fraction), f'student/{metric}')
            for method in grid.methods)
    ]
    if not shown:
        return None

    width = max(4.3 * len(shown), 5.1)
    columns = int(width / 2)

    def draw(figure: Figure) -> None:
        axes = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
        for axis, fraction in zip(axes, shown):
            _draw_curves(axis, grid, results, fraction, metric)
        axes[0].set_ylabel(f'{metric} (%)')
        handles = {
            label: handle
            for axis in axes
            for handle, label in zip(*axis.get_legend_handles_labels())
        }
        figure.legend(handles.values(), handles.keys(), ncols=columns,
                      loc='outside lower center', fontsize=9)

    return _svg(draw, (width, 3.8))


def class_differences(grid: Grid, results: Sequence[RunResult],
                      fraction: str) -> Optional[str]:
    """PQ of each class minus that of the first method, students, at the end.

    Returns:
        str | None: SVG; None if there are not two methods with results.
    """
    per_class = {
        method: class_means(cell(results, method, fraction))
        for method in grid.methods
    }
    first, *others = grid.methods
    others = [m for m in others if set(per_class[m]) & set(per_class[first])]
    gains = {
        method: {
            name: value - per_class[first][name]
            for name, value in per_class[method].items()
            if name in per_class[first]
        }
        for method in others
    }
    names = _most_different(gains)
    if not names:
        return None
    colors = dict(zip(grid.methods, _colors()))

    def draw(figure: Figure) -> None:
        axes = figure.subplots(1, len(others), sharey=True, sharex=True,
                               squeeze=False)[0]
        for axis, method in zip(axes, others):
            values = [gains[method].get(name, np.nan) for name in names]
            axis.barh(names, values, color=colors[method], height=0.7)
            axis.axvline(0, color='#374151', lw=1)
            axis.grid(axis='y', visible=False)
            axis.set_title(grid.methods[method], color=colors[method])
        axes[0].invert_yaxis()
        figure.supxlabel(f'PQ minus that of {grid.methods[first]} (points)',
                         fontsize=10)

    return _svg(draw, (max(3.2 * len(others), 5), 0.26 * len(names) + 1.2))


def class_means(runs: Sequence[RunResult]) -> Dict[str, float]:
    """PQ by class, mean over seeds, student, at the end."""
    return {
        key.split('/', 1)[1]: mean.value
        for key, mean in mean_over_seeds(runs, 'last', 'student').items()
        if key.startswith('PQ/')
    }


def _draw_overview(figure: Figure, groups: list) -> None:
    heights = [len(bars) + 1.2 for _, bars in groups]
    axes = figure.subplots(len(groups), 1, sharex=True, squeeze=False,
                           height_ratios=heights)[:, 0]
    for axis, (fraction, bars) in zip(axes, groups):
        for row, (label, value, spread, color) in enumerate(bars):
            look = dict(color=color) if color else dict(
                color='white', edgecolor='#6b7280', hatch='////')
            axis.barh(row, value, height=0.72, **look)
            if spread is not None:
                axis.errorbar(value, row, xerr=spread, color='#1f2937', lw=1,
                              capsize=3)
            axis.text(value + (spread or 0), row, f'  {value:.1f}',
                      va='center', fontsize=9)
        axis.set_yticks(range(len(bars)), [bar[0] for bar in bars])
        axis.set_ylim(len(bars) - 0.4, -0.6)
        axis.grid(axis='y', visible=False)
        axis.tick_params(axis='y', length=0)
        axis.set_title(f'labelled: {fraction}', loc='left')
    axes[-1].set_xlabel('PQ (%), student, last')
    axes[-1].margins(x=0.08)


def _draw_curves(axis, grid: Grid, results: Sequence[RunResult],
                 fraction: str, metric: str) -> None:
    for (method, label), color in zip(grid.methods.items(), _colors()):
        runs = cell(results, method, fraction)
        for network, line in (('student', '-'), ('teacher', ':')):
            points = _curve(runs, f'{network}/{metric}')
            if not points:
                continue
            steps, values, spread = map(np.array, zip(*points))
            mark = dict(marker='o', ms=3) if len(steps) < 30 else {}
            axis.plot(steps, values, line, color=color, lw=1.8,
                      label=f'{label}, {network}', **mark)
            if network == 'student' and spread.any():
                axis.fill_between(steps, values - spread, values + spread,
                                  color=color, alpha=0.15, lw=0)
    for claim in grid.claims:
        if claim['fraction'] == fraction and metric in claim:
            axis.axhline(claim[metric], color='#6b7280', ls='--', lw=1,
                         label=f'{claim["method"]} (claimed)')
    axis.set_title(f'labelled: {fraction}')
    axis.set_xlabel('step')
    axis.xaxis.set_major_locator(MaxNLocator(6, integer=True))


def _curve(runs: Sequence[RunResult],
           key: str) -> List[Tuple[int, float, float]]:
    """Step, mean and spread, where all finished runs have a value."""
    finished = [run.validations for run in runs if run.state == FINISHED]
    if not finished:
        return []
    points = []
    for step in finished[0]:
        values = [run.get(step, {}).get(key) for run in finished]
        if None not in values:
            spread = np.std(values, ddof=1) if len(values) > 1 else 0.
            points.append((step, np.mean(values), spread))
    return points


def _most_different(gains: Dict[str, Dict[str, float]]) -> List[str]:
    """Classes, from the greatest mean gain to the greatest loss."""
    names = sorted({name for gain in gains.values() for name in gain})
    total = {
        name: np.mean([g[name] for g in gains.values() if name in g])
        for name in names
    }
    chosen = sorted(names, key=lambda name: -abs(total[name]))[:MAX_CLASSES]
    return sorted(chosen, key=lambda name: -total[name])


def _colors() -> Iterator[str]:
    return itertools.cycle(COLORS)


def _svg(draw: Callable[[Figure], None], size: Tuple[float, float]) -> str:
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=size, layout='constrained')
        draw(figure)
        out = io.StringIO()
        figure.savefig(out, format='svg', metadata=dict(Date=None))
    return out.getvalue()
