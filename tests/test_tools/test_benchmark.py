"""The tool as it is called; one run goes through the real training."""
import re
import runpy
import sys
from pathlib import Path

import pytest

from dearli_mm.benchmark import local, read_grid, run_benchmark
from dearli_mm.benchmark.record import read_record
from projects.toy_world.dataset import write_toy_world

ROOT = Path(__file__).parents[2]
TOOL = str(ROOT / 'tools/benchmark.py')


@pytest.fixture
def call(monkeypatch):
    """Runs the tool in this process; returns its exit code or message."""

    def run(*arguments):
        monkeypatch.setattr(sys, 'argv', [TOOL, *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(TOOL, run_name='__main__')
        return end.value.code

    return run


@pytest.fixture(scope='module')
def grid_file(tmp_path_factory):
    """A grid of one supervised run of six steps."""
    root = tmp_path_factory.mktemp('benchmark')
    write_toy_world(str(root / 'world'), train=4, val=2, labeled=2, size=64)
    world = str(root / 'world')
    options = {
        'train_cfg.max_iters': 6,
        'train_cfg.val_interval': 6,
        'train_cfg.val_before_train': False,
        'param_scheduler.0.end': 6,
        'default_hooks.checkpoint.interval': 1,
        'default_hooks.logger.interval': 1,
        'default_hooks.visualization.draw': False,
        'model.train_cfg.num_points': 64,
        'train_dataloader.batch_size': 2,
        'train_dataloader.dataset.split': '{split}',
        'train_dataloader.dataset.dataset.data_root': world,
        'val_dataloader.dataset.data_root': world,
    }
    for loader in ('train', 'val', 'test'):
        options[f'{loader}_dataloader.num_workers'] = 0
        options[f'{loader}_dataloader.persistent_workers'] = False
    config = ROOT / 'configs/baselines' / (
        'supervised_tiny-clip_1xb4-1500_toy-world-16-128x128.py')
    settings = dict(
        methods=dict(supervised=dict(
            config=str(config), cfg_options=options)),
        fractions={'2': dict(
            labeled=2, values=dict(split=f'{world}/splits/labeled_2.txt'))},
        seeds=[5],
        work_dir=str(root / 'work'))
    path = root / 'grid.py'
    path.write_text(''.join(
        f'{key} = {value!r}\n' for key, value in settings.items()))
    return path


def test_dry_run(call, grid_file, capsys):
    assert call(grid_file, '--dry-run', '--only', 'sup*/2/*') == 0
    assert 'supervised/2/seed-5  waiting' in capsys.readouterr().out
    assert not (grid_file.parent / 'work').exists()


def test_mistakes_are_one_line(call, grid_file):
    assert 'the grid nowhere.py is not there' in call('nowhere.py')
    assert call(grid_file, '--only', 'x').startswith("error: --only 'x' fits")
    assert call(grid_file, '--jobs', 0) == 2


def test_broken_training_goes_on(call, grid_file, capsys, monkeypatch):
    monkeypatch.setenv('PYTHONPATH', str(ROOT))
    monkeypatch.setenv('OMP_NUM_THREADS', '1')
    grid = read_grid(grid_file, [sys.executable, str(ROOT / 'tools/train.py')])
    job, = grid.jobs

    def interrupt(line):
        if re.search('step [2-6]/6', line):
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(local, 'print', interrupt, raising=False)
        run_benchmark(grid, grid.jobs, every=0.1)
    output = (job.work_dir / 'benchmark/output.log').read_text()
    assert (job.work_dir / 'last_checkpoint').exists(), output[-3000:]
    assert call(grid_file, '--pictures', 1, '--every', 5) == 0
    said = capsys.readouterr().out
    assert 'supervised/2/seed-5: resumed' in said
    assert 'At the end: 1 finished' in said
    attempts = read_record(job)['attempts']
    assert [a['exit_code'] == 0 for a in attempts] == [False, True]
    assert attempts[1]['peak_memory_mib'] > 300
    page = (grid.work_dir / 'report.html').read_text()
    assert 'data:image/jpeg' in page and 'Not drawn' not in page
    # Drawn once; then the weights are not needed any more.
    (job.work_dir / 'last_checkpoint').unlink()
    assert call(grid_file, '--report-only', '--pictures', 1) == 0
    assert 'data:image/jpeg' in (grid.work_dir / 'report.html').read_text()
    assert call(grid_file, '--no-report') == 0
    assert '1 jobs, 0 to do' in capsys.readouterr().out
