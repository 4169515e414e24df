"""The commands of docs/performance.md, in small, and their errors."""
import logging
import runpy
import sys
from pathlib import Path

import pytest
import torch

from dearli_mm.diagnostics.tensor_memory import tells_when_freed

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / 'tools' / 'analysis'
CONFIG = str(ROOT / 'configs' / 'quickstart' / 'dear_tiny-clip_toy-world.py')


@pytest.fixture(autouse=True)
def put_back():
    """The tools change settings of their process."""
    threads = torch.get_num_threads()
    yield
    logging.disable(logging.NOTSET)
    torch.set_num_threads(threads)


def run(name, *arguments, monkeypatch):
    monkeypatch.setattr(sys, 'argv', [name, *map(str, arguments)])
    runpy.run_path(str(TOOLS / name), run_name='__main__')


@pytest.mark.skipif(
    not tells_when_freed(), reason='this PyTorch hides when memory is freed')
def test_memory_plan(tmp_path, monkeypatch, capsys):
    run('memory_plan.py', CONFIG, '--crop', 64, '--labeled', 1,
        '--out', tmp_path / 'plan.json', monkeypatch=monkeypatch)
    told = capsys.readouterr().out
    assert 'crop=64  labeled=1  unlabeled=4' in told  # 4 of the config
    assert 'saved for backward' in told
    assert '12 GB: yes, 24 GB: yes, 40 GB: yes' in told
    assert (tmp_path / 'plan.json').exists()


def test_device_check(tmp_path, monkeypatch, capsys):
    small = ('--crop 64 --labeled 1 --unlabeled 1 --queries 8 --layers 1 '
             '--encoder-layers 1 --points 64 --segments 4').split()
    run('device_check.py', '--steps', 1, '--warm-up', 0, '--no-yardstick',
        '--device', 'cpu', *small, '--out', tmp_path / 'check.json',
        monkeypatch=monkeypatch)
    told = capsys.readouterr().out
    assert 'results agree with the CPU' in told
    assert (tmp_path / 'check.json').exists()


@pytest.mark.parametrize('command,message', [
    ('memory_plan.py nowhere.py', 'nowhere.py'),
    ('memory_plan.py {config} --crop 100', 'crop=100 is not a multiple'),
    ('device_check.py --crop 100', 'crop=100 is not a multiple'),
])
def test_errors_are_one_line(command, message, monkeypatch):
    name, *arguments = command.format(config=CONFIG).split()
    with pytest.raises(SystemExit) as end:
        run(name, *arguments, monkeypatch=monkeypatch)
    assert message in str(end.value)
    assert str(end.value).startswith('error: ')
