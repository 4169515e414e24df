"""Errors of the data tools are one line, without a traceback."""
import runpy
import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / 'tools'
COMMANDS = [
    'dataset_converters/ade20k_panoptic.py nowhere',
    'dataset_converters/cityscapes_panoptic.py nowhere',
    'dataset_converters/coco_objects.py nowhere',
    'dataset_converters/labelme_to_panoptic.py nowhere out --things mug',
    'dataset_converters/semantic_to_panoptic.py out --images nowhere '
    '--labels nowhere --classes sky',
    'dataset_converters/voc2012_panoptic.py nowhere',
    'dataset_converters/make_split.py nowhere --out split --number 3',
    'analysis/browse_dataset.py nowhere',
    'analysis/choose_to_label.py nowhere --clip nowhere.pth --out list.txt',
    'few_shot.py nowhere nowhere --clip nowhere.pth --out out',
    'analysis/dataset_stats.py nowhere',
    'analysis/verify_dataset.py nowhere',
]


@pytest.mark.parametrize('command', COMMANDS)
def test_missing_input(command, tmp_path, monkeypatch):
    name, *arguments = command.split()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, 'argv', [name, *arguments])
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(TOOLS / name), run_name='__main__')
    assert str(end.value).startswith('error: ')
    assert 'nowhere' in str(end.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('arguments', [
    'semantic_to_panoptic.py out --images a',
    'make_split.py ann.json --out split',
    'make_split.py ann.json',
])
def test_incomplete_arguments(arguments, monkeypatch):
    monkeypatch.setattr(sys, 'argv', arguments.split())
    with pytest.raises(SystemExit) as end:
        runpy.run_path(
            str(TOOLS / 'dataset_converters' / sys.argv[0]),
            run_name='__main__')
    assert end.value.code == 2
