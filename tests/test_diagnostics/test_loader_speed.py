import json
import runpy
import sys
from pathlib import Path

import cv2
import pytest
import torch

TOOL = Path(__file__).parents[2] / 'tools' / 'analysis' / 'loader_speed.py'


@pytest.fixture(autouse=True)
def put_back():
    threads = cv2.getNumThreads(), torch.get_num_threads()
    yield
    cv2.setNumThreads(threads[0])
    torch.set_num_threads(threads[1])


def _run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, 'argv', [TOOL.name, *arguments])
    runpy.run_path(str(TOOL), run_name='__main__')


def test_table_and_json(world, tmp_path, monkeypatch, capsys):
    out = tmp_path / 'speed.json'
    _run(monkeypatch, world[1], '--images', '2', '--rounds', '1', '--out',
         str(out))
    found = json.loads(out.read_text())
    steps = {part: {row['transform'] for row in found if row['part'] == part}
             for part in ('labeled', 'unlabeled')}
    assert {'LoadAnyImage', 'RandomCrop', 'PackDetInputs'} <= \
        steps['labeled'] & steps['unlabeled']
    assert 'LoadPanopticSegments' in steps['labeled'] - steps['unlabeled']
    assert 'StrongPhotometricAugment' in steps['unlabeled'] - steps['labeled']
    assert all(row['ms'] >= 0 for row in found)
    printed = capsys.readouterr().out
    assert 'unlabeled: ' in printed and 'items/s' in printed


def test_errors_are_one_line(world, tmp_path, monkeypatch):
    with pytest.raises(SystemExit, match='error: .*nowhere'):
        _run(monkeypatch, 'nowhere')
    config = tmp_path / 'other.py'
    config.write_text('val_dataloader = dict(dataset=dict(type="Any"))')
    with pytest.raises(SystemExit, match='error: .*other.py has no train'):
        _run(monkeypatch, str(config))
