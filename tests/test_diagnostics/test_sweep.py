from pathlib import Path

import pytest

from dearli_mm.diagnostics.sweep import (COLUMNS, flags_of, plot_sweep,
                                              sweep, sweep_rows, sweep_table)

ROOT = Path(__file__).resolve().parents[2]
SMALL = ('--clip dearli_tiny --crop 64 --queries 8 --layers 1 --segments 4 '
         '--encoder-layers 1 --points 64 --steps 1 --warm-up 1 '
         '--no-yardstick').split()


def result(step, peak):
    return dict(
        cpu_ms={**dict.fromkeys(COLUMNS, 1.), 'step': step},
        peak_mib=peak, saved_mib=2.)


def test_flags():
    assert flags_of('encoder_layers=2,without=bags+chunks') == [
        '--encoder-layers', '2', '--without', 'bags', 'chunks']
    with pytest.raises(ValueError, match="'crop' is not NAME=VALUE"):
        flags_of('crop')


def test_rows_are_medians_and_ratios_are_to_the_first(tmp_path):
    rows = sweep_rows({
        '': [result(10., 5.), result(30., 7.), result(20., 6.)],
        'crop=256': [result(50., 9.)]
    })
    assert [row['step'] for row in rows] == [20., 50.]
    assert [row['ratio'] for row in rows] == [1., 2.5]
    assert [row['peak_mib'] for row in rows] == [6., 9.]
    lines = sweep_table(rows).splitlines()
    assert lines[2].startswith('| all as it is | 20 | 1 |')
    assert '| 2.50 | 9 | 2 |' in lines[3]
    plot_sweep(rows, tmp_path / 'sweep.png')
    assert (tmp_path / 'sweep.png').stat().st_size > 1000


def test_sweep_runs_the_tool():
    found = sweep(ROOT, ['classes=9,synonyms=9'], SMALL, rounds=1)
    (run, ), = found.values()
    assert run['sizes']['classes'] == 9 and run['cpu_ms']['step'] > 0


def test_a_failing_process_tells_why():
    with pytest.raises(RuntimeError, match='crop=65 is not a multiple of 32'):
        sweep(ROOT, ['crop=65'], SMALL, rounds=1)
