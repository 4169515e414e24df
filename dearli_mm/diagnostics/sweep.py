"""Steps of several sizes, side by side: how does the cost grow?"""
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Dict, List, Sequence

from tqdm import tqdm

TOOL = 'tools/analysis/step_cost.py'
COLUMNS = ('step', 'teacher forward', 'student forward', 'set losses, all',
           'backward', 'yardstick')


def flags_of(setting: str) -> List[str]:
    """``'crop=128,without=bags'`` as flags of ``step_cost.py``.

    Raises:
        ValueError: If a part has no value.
    """
    flags = []
    for part in setting.split(','):
        name, equals, value = part.partition('=')
        if not (name and equals and value):
            raise ValueError(
                f'{setting!r}: {part!r} is not NAME=VALUE, such as crop=128 '
                'or without=bags')
        flags += [f'--{name.strip().replace("_", "-")}', *value.split('+')]
    return flags


def sweep(root: Path, settings: Sequence[str], common: Sequence[str],
          rounds: int) -> Dict[str, List[dict]]:
    """Measure each setting in fresh processes, one after the other.

    The settings take turns, so that a busy spell of the machine meets all
    alike, and every process has a peak memory of its own.

    Args:
        root (Path): Of the checkout.
        settings (Sequence[str]): See :func:`flags_of`; ``''`` changes
            nothing.
        common (Sequence[str]): Flags of all of them.
        rounds (int): Processes of each setting.

    Returns:
        dict[str, list[dict]]: Results of
        :func:`~dearli_mm.diagnostics.step_cost.measure_step`.

    Raises:
        RuntimeError: If a process fails; with what it said.
    """
    commands = {
        setting: [sys.executable, str(root / TOOL), *common,
                  *(flags_of(setting) if setting else [])]
        for setting in settings
    }
    results: Dict[str, List[dict]] = {setting: [] for setting in settings}
    turns = [setting for _ in range(rounds) for setting in settings]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / 'result.json'
        for setting in tqdm(turns, desc='settings', mininterval=2):
            done = subprocess.run([*commands[setting], '--out', str(out)],
                                  cwd=root, capture_output=True, text=True)
            if done.returncode:
                raise RuntimeError(
                    f'{" ".join(commands[setting])}:\n{done.stderr}')
            results[setting].append(json.loads(out.read_text()))
    return results


def sweep_rows(results: Dict[str, List[dict]]) -> List[dict]:
    """A row a setting: medians over its processes.

    Returns:
        list[dict]: ``setting``; CPU milliseconds of ``COLUMNS``; ``ratio``
        of the step to that of the first setting; ``peak_mib``, ``saved_mib``.
    """
    rows = []
    for setting, runs in results.items():
        row = dict(setting=setting or 'all as it is')
        for name in COLUMNS:
            values = [run['cpu_ms'][name] for run in runs
                      if name in run['cpu_ms']]
            row[name] = statistics.median(values) if values else None
        for name in ('peak_mib', 'saved_mib'):
            row[name] = statistics.median(run[name] for run in runs)
        row['ratio'] = row['step'] / (rows[0]['step'] if rows else row['step'])
        rows.append(row)
    return rows


def sweep_table(rows: Sequence[dict]) -> str:
    """The rows in Markdown."""
    titles = dict(
        setting='CPU ms',
        **{name: name for name in COLUMNS},
        ratio='step / first',
        peak_mib='peak MiB',
        saved_mib='saved MiB')
    lines = ['| ' + ' | '.join(titles.values()) + ' |',
             '|---' + '|---:' * (len(titles) - 1) + '|']
    for row in rows:
        cells = [row['setting']]
        for name in list(titles)[1:]:
            digits = 2 if name == 'ratio' else 0
            cells.append('-' if row[name] is None
                         else f'{row[name]:.{digits}f}')
        lines.append('| ' + ' | '.join(cells) + ' |')
    return '\n'.join(lines)


def plot_sweep(rows: Sequence[dict], path: Path) -> None:
    """Bars of CPU time and of peak memory.

    Args:
        rows (Sequence[dict]): Of :func:`sweep_rows`.
        path (Path): Of the picture.
    """
    from matplotlib.figure import Figure
    figure = Figure(figsize=(11, 1.2 + 0.36 * len(rows)),
                    layout='constrained')
    names = [row['setting'] for row in rows]
    for axis, key, title in zip(
            figure.subplots(1, 2, sharey=True), ('step', 'peak_mib'),
            ('CPU ms a step', 'peak memory, MiB')):
        bars = axis.barh(names, [row[key] for row in rows], color='#2288ee')
        axis.bar_label(bars, fmt='%.0f', padding=3)
        axis.set_xlabel(title)
        axis.spines[['top', 'right']].set_visible(False)
        axis.margins(x=0.12)
    axis.invert_yaxis()
    figure.savefig(path, dpi=110)
