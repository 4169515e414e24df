from pathlib import Path

import pytest

from dearli_mm.diagnostics.sweep import (PHASES, flags_of, plot_sweep, sweep,
                                         sweep_table)

ROOT = Path(__file__).resolve().parents[2]
SMALL = ('--clip dearli_tiny --crop 64 --queries 8 --layers 1 --segments 4 '
         '--encoder-layers 1 --points 64 --steps 1 --warm-up 1 '
         '--no-yardstick').split()


def result(setting, step, peak):
    return dict(
        setting=setting, peak_mib=peak, saved_mib=2.,
        cpu_ms={**dict.fromkeys(PHASES, 1.), 'step': step})


def test_flags():
    assert flags_of('encoder_layers=2,crop=64') == [
        '--encoder-layers', '2', '--crop', '64']
    with pytest.raises(ValueError, match="'crop' is not NAME=VALUE"):
        flags_of('crop')


def test_rows_are_medians_and_ratios_are_to_the_first(tmp_path):
    table = sweep_table([
        result('crop=128', 10., 5.), result('crop=256', 50., 9.),
        result('crop=128', 30., 7.), result('crop=128', 20., 6.)])
    assert table.index.tolist() == ['crop=128', 'crop=256']
    assert table.step.tolist() == [20., 50.]
    assert table.ratio.tolist() == [1., 2.5]
    assert table.peak_mib.tolist() == [6., 9.]
    plot_sweep(table, tmp_path / 'sweep')
    assert (tmp_path / 'sweep').read_bytes().startswith(b'\x89PNG')


def test_sweep_runs_the_tool():
    found = sweep(ROOT, ['classes=9,synonyms=9'], SMALL, rounds=1)
    run, = found
    assert run['sizes']['classes'] == 9 and run['cpu_ms']['step'] > 0


def test_a_failing_process_tells_why():
    with pytest.raises(RuntimeError, match='crop=65 is not a multiple of 32'):
        sweep(ROOT, ['crop=65'], SMALL, rounds=1)
