import sys
from pathlib import Path

import pytest

from dearli_mm.benchmark import local, read_grid
from projects.toy_world.dataset import write_toy_world

ROOT = Path(__file__).parents[2]
FAKE = [sys.executable, '-I', '-S',
        str(Path(__file__).with_name('fake_trainer.py'))]


@pytest.fixture(scope='session')
def world(tmp_path_factory):
    """A very small toy world and a config that trains on it."""
    root = tmp_path_factory.mktemp('world')
    write_toy_world(str(root), train=6, val=2, labeled=2, size=64, seed=1)
    base = ROOT / 'configs/_base_/datasets/toy_world.py'
    (root / 'config.py').write_text(f'_base_ = {str(base)!r}\n' '''
train_cfg = dict(max_iters=4)
split = {split!r}
train_dataloader = dict(
    labeled=dict(dataset=dict(split=split, dataset=dict(data_root={root!r}))),
    unlabeled=dict(
        dataset=dict(split=split, dataset=dict(data_root={root!r}))))
val_dataloader = dict(dataset=dict(data_root={root!r}))
'''.format(split=str(root / 'splits/labeled_2.txt'), root=str(root)))
    return root


@pytest.fixture
def make_grid(world, tmp_path, monkeypatch):
    """Writes a grid file, by default of one run, and reads it."""
    monkeypatch.setattr(local, 'POLL', 0.02)

    def make(**changes):
        settings = dict(
            methods=dict(plain=dict(config=str(world / 'config.py'))),
            fractions={'2': dict(labeled=2)},
            seeds=[0],
            work_dir=str(tmp_path / 'work'))
        settings.update(changes)
        path = tmp_path / 'grid.py'
        path.write_text(''.join(
            f'{key} = {value!r}\n' for key, value in settings.items()))
        return read_grid(path, FAKE)

    return make


@pytest.fixture
def config(world):
    return str(world / 'config.py')
