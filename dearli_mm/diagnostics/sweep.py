"""Steps of several sizes, side by side: how does the cost grow?"""
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import List, Sequence

import pandas as pd
from tqdm import tqdm

TOOL = 'tools/analysis/step_cost.py'
PHASES = ('step', 'teacher forward', 'student forward', 'set losses',
          'matching', 'backward', 'yardstick')


def flags_of(setting: str) -> List[str]:
    """``'crop=128,labeled=4'`` as flags of ``step_cost.py``.

    Raises:
        ValueError: If a part has no value.
    """
    flags = []
    for part in setting.split(','):
        name, _, value = part.partition('=')
        if not (name and value):
            raise ValueError(f'{setting!r}: {part!r} is not NAME=VALUE, such '
                             'as crop=128')
        flags += [f'--{name.strip().replace("_", "-")}', value]
    return flags


def sweep(root: Path, settings: Sequence[str], common: Sequence[str],
          rounds: int) -> List[dict]:
    """Measure each setting in fresh processes, one after the other.

    The settings take turns, so that a busy spell of the machine meets all
    alike, and every process has a peak memory of its own.

    Args:
        root (Path): Of the checkout.
        settings (Sequence[str]): See :func:`flags_of`.
        common (Sequence[str]): Flags for all of them.
        rounds (int): Processes per setting.

    Returns:
        list[dict]: What ``measure_step`` returns, and ``setting``.

    Raises:
        RuntimeError: If a process fails; with what it said.
    """
    results = []
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / 'result.json'
        for setting in tqdm([*settings] * rounds, desc='settings'):
            command = [sys.executable, str(root / TOOL), *common,
                       *flags_of(setting), '--out', str(out)]
            done = subprocess.run(command, cwd=root, capture_output=True,
                                  text=True)
            if done.returncode:
                raise RuntimeError(f'{" ".join(command)}:\n{done.stderr}')
            results.append(dict(json.loads(out.read_text()), setting=setting))
    return results


def sweep_table(results: Sequence[dict]) -> pd.DataFrame:
    """A row per setting: medians over its processes.

    Returns:
        DataFrame: Indexed by setting: CPU milliseconds of ``PHASES``;
        ``ratio`` of the step to that of the first setting; ``peak_mib``,
        ``saved_mib``.
    """
    table = pd.DataFrame([
        dict({name: run['cpu_ms'].get(name) for name in PHASES},
             setting=run['setting'], peak_mib=run['peak_mib'],
             saved_mib=run['saved_mib']) for run in results
    ]).groupby('setting', sort=False).median()
    table.insert(1, 'ratio', table.step / table.step.iloc[0])
    return table


def plot_sweep(table: pd.DataFrame, path: Path) -> None:
    """Bars of CPU time and of peak memory, as PNG."""
    from matplotlib.figure import Figure
    figure = Figure(figsize=(11, 1.2 + 0.36 * len(table)),
                    layout='constrained')
    for axis, key, title in zip(
            figure.subplots(1, 2, sharey=True), ('step', 'peak_mib'),
            ('CPU ms per step', 'peak memory, MiB')):
        bars = axis.barh(table.index, table[key], color='#2288ee')
        axis.bar_label(bars, fmt='%.0f', padding=3)
        axis.set_xlabel(title)
        axis.spines[['top', 'right']].set_visible(False)
        axis.margins(x=0.12)
    axis.invert_yaxis()
    figure.savefig(path, dpi=110, format='png')
