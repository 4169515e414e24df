import numpy as np
import pytest
from pycocotools import mask as coco_mask

from dearli_mm.masks import Felzenszwalb

scene = np.full((40, 60, 3), 30, np.uint8)
scene[8:30, 10:35] = (220, 40, 40)
scene[20:36, 40:56] = (40, 220, 40)
scene = scene.repeat(3, 0).repeat(3, 1)


def test_finds_the_parts_of_a_simple_scene():
    pytest.importorskip('skimage')
    found = Felzenszwalb().generate(scene)
    masks = coco_mask.decode([f['segmentation'] for f in found]) > 0
    for part in ((30, 30, 30), (220, 40, 40), (40, 220, 40)):
        truth = (scene == part).all(-1)[..., None]
        iou = (masks & truth).sum((0, 1)) / (masks | truth).sum((0, 1))
        assert iou.max() > 0.8
    iou = coco_mask.iou(*[[f['segmentation'] for f in found]] * 2,
                        [0] * len(found))
    assert (iou - np.eye(len(found))).max() <= 0.8
    for index, instance in enumerate(found):
        (x, y), = instance['point_coords']
        assert masks[int(y), int(x), index]
        assert 0 <= instance['stability_score'] <= 1
        assert instance['crop_box'] == [0, 0, 180, 120]


def test_mean_shift_smooths_texture():
    pytest.importorskip('skimage')
    noise = np.random.default_rng(0).integers(-15, 16, scene.shape)
    textured = np.clip(scene + noise, 0, 255).astype(np.uint8)
    plain, smooth = (
        Felzenszwalb(scales=(50., ), sigma=0., min_size=0.,
                     mean_shift=radius).generate(textured)
        for radius in (0., 10.))
    assert 0 < len(smooth) < len(plain) / 3


def test_plain_image_has_no_masks():
    pytest.importorskip('skimage')
    assert Felzenszwalb().generate(np.full((20, 20, 3), 7, np.uint8)) == []


def test_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(
        __import__('sys').modules, 'skimage.segmentation', None)
    with pytest.raises(ImportError, match='pip install scikit-image'):
        Felzenszwalb()
