import json
import runpy
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from dearli_mm.diagnostics.plain_loader import (
    make_images, plain_labeled_steps, plain_two_views_steps)
from dearli_mm.functional.panoptic_ids import rgb2id

TOOL = Path(__file__).parents[2] / 'tools' / 'analysis' / 'loader_speed.py'
PIPELINES = ('labelled', 'labelled, plain', 'weak + strong',
             'weak + strong, plain')


@pytest.fixture(autouse=True)
def small(monkeypatch):
    threads = cv2.getNumThreads()
    monkeypatch.setattr('dearli_mm.diagnostics.plain_loader.SIZES',
                        ((80, 60), (60, 90)))
    yield
    cv2.setNumThreads(threads)


def _run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, 'argv', [TOOL.name, *arguments])
    runpy.run_path(str(TOOL), run_name='__main__')


@pytest.mark.parametrize('own_data', [False, True])
def test_table_and_json(own_data, world, tmp_path, monkeypatch, capsys):
    out = tmp_path / 'speed.json'
    _run(monkeypatch, world[1], '--images', '2', '--rounds', '1', '--out',
         str(out), *['--own-data'] * own_data)
    found = json.loads(out.read_text())
    assert (found['crop'], found['images'], found['rounds']) == (64, 2, 1)
    assert tuple(found['pipelines']) == PIPELINES
    printed = capsys.readouterr().out
    for name, pipeline in found['pipelines'].items():
        assert pipeline['ms'] > 0
        assert pipeline['images_per_s'] == pytest.approx(1000 /
                                                         pipeline['ms'])
        assert sum(pipeline['steps'].values()) == pytest.approx(
            pipeline['ms'])
        assert name in printed
    steps = found['pipelines']['weak + strong']['steps']
    assert {'RandomCrop', 'StrongPhotometricAugment',
            'PackDetInputs'} <= set(steps)


def test_errors_are_one_line(world, tmp_path, monkeypatch):
    with pytest.raises(SystemExit, match='error: .*nowhere'):
        _run(monkeypatch, 'nowhere')
    config = tmp_path / 'other.py'
    config.write_text('train_dataloader = dict()')
    with pytest.raises(SystemExit, match='error: .*other.py.*labeled'):
        _run(monkeypatch, str(config))


def test_made_images(tmp_path):
    for info in make_images(tmp_path, 2):
        image = Image.open(info['img_path'])
        ids = rgb2id(np.asarray(Image.open(info['seg_map_path'])))
        assert image.size == (info['width'], info['height'])
        listed = {segment['id'] for segment in info['segments_info']}
        assert set(np.unique(ids)) <= listed | {0}
        for thing in info['instances']:
            rows, columns = np.nonzero(ids == 1000 * thing['bbox_label'])
            assert thing['bbox'] == [columns.min(), rows.min(),
                                     columns.max() + 1, rows.max() + 1]


def test_plain_pipelines_make_what_ours_make(tmp_path):
    info = make_images(tmp_path, 1)[0]
    for scales in ([(256, 32)], [(256, 128)]):
        for steps in (plain_labeled_steps(64, scales),
                      plain_two_views_steps(64, scales)):
            state = dict(info)
            for _, step in steps:
                state = step(state)
            image = state.get('img', state.get('weak'))
            assert tuple(image.shape) == (3, 64, 64)
        assert state['strong'].shape == image.shape
