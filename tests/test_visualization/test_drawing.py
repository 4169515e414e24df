import logging
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from mmdet.registry import HOOKS
from mmdet.structures import DetDataSample
from mmengine.structures import PixelData
from mmengine.visualization import Visualizer
from PIL import Image

from dearli_mm.functional.panoptic_ids import id2rgb
from dearli_mm.visualization import (contact_sheet, draw_segments, enlarge,
                                     legend, palette, panel_size,
                                     side_by_side)

CLASSES = ('cat', 'dog, hound', 'sky')


def test_palette_is_distinct_and_stable():
    colors = palette(150)
    assert colors.dtype == np.uint8 and colors.shape == (150, 3)
    assert len(np.unique(colors, axis=0)) == 150
    assert (palette(12) == colors[:12]).all()
    assert palette(0).shape == (0, 3)


def test_draw_segments():
    image = np.full((8, 12, 3), 100, np.uint8)
    seg_map = np.zeros((8, 12), int)
    seg_map[:, 3:6], seg_map[:, 6:9], seg_map[:, 9:] = 1, 2, 3
    drawn = draw_segments(image, seg_map, [0, 0, 2], palette(3), alpha=1)
    assert drawn.shape == image.shape and drawn.dtype == np.uint8
    assert (image == 100).all()
    # Void: 0.6 * 100 + 64 in stripes, 0.45 * 100 between them.
    assert (drawn[2, 0] == 124).all() and (drawn[6, 1] == 45).all()
    assert (drawn[2, 4] == palette(3)[0]).all()
    assert (drawn[2, 7] != drawn[2, 4]).any()  # second instance
    assert (drawn[2, 10] == palette(3)[2]).all()
    assert drawn[2, 5].min() > drawn[2, 4].min()  # boundary, lighter
    unchanged = draw_segments(image, seg_map, [0, 0, 2], palette(3), alpha=0)
    assert (unchanged[2, 4] == 100).all()
    with pytest.raises(ValueError, match='differ in size'):
        draw_segments(image, seg_map[:4], [0, 0, 2], palette(3))


def test_void_only():
    image = np.full((4, 4, 3), 50, np.uint8)
    drawn = draw_segments(image, np.zeros((4, 4), int), [], palette(3))
    assert set(drawn.ravel()) == {94, 22}


def test_sizes():
    assert panel_size(32, 32) == (256, 256)
    assert panel_size(100, 150) == (200, 300)
    assert panel_size(480, 640) == (480, 640)
    assert panel_size(1000, 1280) == (500, 640)
    seg_map = np.array([[1, 2], [3, 4]])
    assert enlarge(seg_map, (4, 4))[::2, ::2].tolist() == seg_map.tolist()
    assert enlarge(np.zeros((2, 2, 3), np.uint8), (6, 4)).shape == (6, 4, 3)


def test_legend_wraps_and_shows_every_colour():
    narrow, wide = (legend(CLASSES, palette(3), width) for width in (90, 600))
    assert narrow.shape[1] == 90 and wide.shape[1] == 600
    assert narrow.shape[0] == 3 * wide.shape[0]
    for color in palette(3):
        assert (narrow == color).all(-1).any()
    assert legend([], palette(0), 90).shape == (0, 90, 3)
    with_void = legend(CLASSES, palette(3), 600, void='no segment (3%)')
    assert with_void.shape == wide.shape and (with_void != wide).any()


def test_side_by_side():
    image = np.full((20, 30, 3), 10, np.uint8)
    panels = [('one', image), ('two', image)]
    picture = side_by_side(panels, CLASSES, palette(3), present=[2])
    assert (picture == palette(3)[2]).all(-1).any()
    assert not (picture == palette(3)[0]).all(-1).any()
    assert picture.shape[1] > 2 * 256
    assert (picture == 10).all(-1).sum() == 2 * 180 * 270
    small = side_by_side(panels, CLASSES, palette(3), scale=1)
    assert (small == 10).all(-1).sum() == 2 * 20 * 30
    with pytest.raises(ValueError, match='one size'):
        side_by_side([*panels, ('three', image[1:])], CLASSES, palette(3))


def test_contact_sheet():
    images = [np.full((4, 6 + k, 3), k, np.uint8) for k in range(2)]
    sheet = contact_sheet(images)
    assert sheet.shape == (2 * (4 + 16), 7, 3)
    assert (sheet[:4, :6] == 0).all() and (sheet[20:24] == 1).all()
    assert (sheet[4:20] == 255).all() and (sheet[:20, 6:] == 255).all()


class FakeVisualizer:
    dataset_meta = dict(
        classes=CLASSES, thing_classes=CLASSES[:2], stuff_classes=CLASSES[2:])

    def __init__(self):
        self.added = []

    def add_image(self, name, image, step=0):
        assert image.dtype == np.uint8
        self.added.append((name, step))


@pytest.fixture
def runner(tmp_path):
    Visualizer.get_instance('drawing_test')
    return SimpleNamespace(
        work_dir=str(tmp_path / 'work'),
        iter=20,
        visualizer=FakeVisualizer(),
        logger=logging.getLogger('drawing_test'))


def make_sample(folder, name, teacher=True, truth=True):
    seg_map = np.zeros((16, 24), int)
    seg_map[:, 8:16], seg_map[:, 16:] = 1, 2
    cv2.imwrite(str(folder / f'{name}.jpg'), np.zeros((16, 24, 3), np.uint8))
    cv2.imwrite(str(folder / f'{name}.png'), id2rgb(seg_map)[..., ::-1])
    codes = torch.tensor([3, 1000, 2])[torch.from_numpy(seg_map)]
    result = PixelData(sem_seg=codes[None])
    meta = dict(img_path=str(folder / f'{name}.jpg'))
    if truth:
        meta.update(
            seg_map_path=str(folder / f'{name}.png'),
            segments_info=[dict(id=1, category=0, is_thing=True),
                           dict(id=2, category=2, is_thing=False)])
    sample = DetDataSample(metainfo=meta, pred_panoptic_seg=result)
    if teacher:
        sample.teacher_panoptic_seg = result
    return sample


def test_hook_draws_the_first_images(tmp_path, runner, caplog):
    hook = HOOKS.build(dict(type='PanopticVisualizationHook', max_images=3))
    samples = [make_sample(tmp_path, f'{k}') for k in range(4)]
    hook.before_train(runner)
    for _ in range(2):
        hook.before_val_epoch(runner)
        hook.after_val_iter(runner, 0, None, samples[:2])
        hook.after_val_iter(runner, 1, None, samples[2:])
    folder = tmp_path / 'work' / 'pictures'
    assert sorted(p.name for p in folder.iterdir()) == \
        ['0.png', '1.png', '2.png']
    assert runner.visualizer.added == 2 * [('0', 20), ('1', 20), ('2', 20)]
    assert hook.summary == ('pictures', f'in {folder}')
    with caplog.at_level(logging.INFO):
        hook.after_test_epoch(runner)
    assert caplog.text.count(str(folder)) == 1


def test_pictures_keep_the_folders_of_images(tmp_path, runner):
    samples = []
    for folder, named in (('a', 'a/0.jpg'), ('b', 'b/0.jpg'), ('c', ''),
                          ('d', '')):
        (tmp_path / folder).mkdir()
        samples.append(make_sample(tmp_path / folder, '0', truth=False))
        samples[-1].set_metainfo(dict(img_name=named))
    hook = HOOKS.build(dict(type='PanopticVisualizationHook'))
    for _ in range(2):
        hook.before_val_epoch(runner)
        hook.after_val_iter(runner, 0, None, samples)
    folder = tmp_path / 'work' / 'pictures'
    found = [p.relative_to(folder).as_posix() for p in folder.rglob('*.png')]
    # Where only the path is known, the second image keeps its suffix.
    assert sorted(found) == ['0.jpg.png', '0.png', 'a/0.png', 'b/0.png']
    assert ('a__0', 20) in runner.visualizer.added


@pytest.mark.parametrize('teacher, truth, panels', [
    (True, True, 4), (False, True, 3), (True, False, 3), (False, False, 2)])
def test_hook_shows_what_there_is(tmp_path, runner, teacher, truth, panels):
    hook = HOOKS.build(
        dict(type='PanopticVisualizationHook',
             out_dir=str(tmp_path / 'out')))
    hook.before_test_epoch(runner)
    hook.after_test_iter(runner, 0, None,
                         [make_sample(tmp_path, 'a', teacher, truth)])
    picture = Image.open(tmp_path / 'out' / 'a.png')
    assert picture.width == 8 + panels * (264 + 8)


def test_hook_can_be_switched_off(tmp_path, runner):
    hook = HOOKS.build(dict(type='PanopticVisualizationHook', draw=False))
    hook.after_val_iter(runner, 0, None, [make_sample(tmp_path, 'a')])
    assert not (tmp_path / 'work').exists()
