"""The command lines of inference: exit codes and errors."""
import json
import runpy
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from tiny_checkpoint import write_checkpoint, write_images

TOOLS = Path(__file__).parents[2] / 'tools'


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    return write_checkpoint(tmp_path_factory.mktemp('work_dir'))


@pytest.fixture
def images(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return write_images(tmp_path / 'images')


def run(monkeypatch, tool, *arguments):
    """Exit code of a tool, or the text that it ends with."""
    monkeypatch.setattr(sys, 'argv', [tool, *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(TOOLS / tool), run_name='__main__')
    return end.value.code


def test_folder_and_other_classes(checkpoint, images, monkeypatch):
    assert run(monkeypatch, 'infer.py', checkpoint, images, '--out', 'out',
               '--classes', 'fish|goldfish,ring;water', '--device', 'cpu',
               '--batch-size', 2, '--network', 'teacher', '--alpha', 0.3,
               '--save', 'panoptic', 'semantic') == 0
    content = json.loads(Path('out/panoptic.json').read_text())
    assert [c['name'] for c in content['categories']] == ['fish', 'ring',
                                                          'water']
    assert content['info']['network'] == 'teacher'
    assert content['info']['alpha'] == 0.3
    assert len(list(Path('out').rglob('*.png'))) == 6


def test_broken_image(checkpoint, images, monkeypatch, capsys):
    (images / 'broken.jpg').write_bytes(b'no image')
    assert run(monkeypatch, 'infer.py', checkpoint, images / 'a.png',
               images / 'broken.jpg', '--out', 'out') == 1
    lines = capsys.readouterr().err.splitlines()
    assert '1 of 2 images were skipped:' in lines
    assert 'broken.jpg' in lines[-1]
    assert Path('out/overlay/a.jpg').is_file()


def test_video(checkpoint, images, monkeypatch):
    writer = cv2.VideoWriter('clip.avi', cv2.VideoWriter_fourcc(*'MJPG'), 5.,
                             (64, 64))
    writer.write(np.zeros((64, 64, 3), np.uint8))
    writer.release()
    assert run(monkeypatch, 'infer.py', checkpoint, 'clip.avi', '--out',
               'out') == 0
    assert [path.name for path in Path('out').iterdir()] == ['clip.mp4']
    said = run(monkeypatch, 'infer.py', checkpoint, 'out/clip.mp4', '--out',
               'out')
    assert 'over the video that is read' in said


@pytest.mark.parametrize('arguments, message', [
    ('nowhere.pth images', "checkpoint='nowhere.pth'"),
    ('CHECKPOINT nowhere', "inputs='nowhere'"),
    ('CHECKPOINT nowhere.mp4', 'nowhere.mp4'),
    ('CHECKPOINT images --classes a,,b', 'empty name'),
    ('CHECKPOINT images --classes nowhere.txt', 'nowhere.txt'),
    ('CHECKPOINT images --alpha 2', 'alpha=2.0'),
    ('CHECKPOINT images --config nowhere.py', "config='nowhere.py'"),
    ('CHECKPOINT images --batch-size 0', 'batch_size=0'),
    ('CHECKPOINT images --workers -1', 'workers=-1'),
])
def test_errors_are_one_line(checkpoint, images, monkeypatch, arguments,
                             message):
    arguments = arguments.replace('CHECKPOINT', str(checkpoint)).split()
    said = run(monkeypatch, 'infer.py', *arguments, '--out', 'out')
    assert said.startswith('error: ') and message in said
    assert not Path('out').exists()


@pytest.mark.parametrize('arguments', [
    'x.pth', 'x.pth images', 'x.pth images --out out --save video',
    'x.pth images --out out --network both'])
def test_incomplete_arguments(monkeypatch, arguments):
    assert run(monkeypatch, 'infer.py', *arguments.split()) == 2


def test_demo_without_gradio(monkeypatch):
    monkeypatch.setitem(sys.modules, 'gradio', None)
    said = run(monkeypatch, 'demo.py', 'nowhere.pth')
    assert said.startswith('error: ') and '".[demo]"' in said


def test_demo_without_checkpoint(monkeypatch):
    pytest.importorskip('gradio')
    said = run(monkeypatch, 'demo.py', 'nowhere.pth')
    assert said.startswith("error: checkpoint='nowhere.pth'")
