"""Images are resized as by PIL, labels to the nearest pixel."""
import numpy as np
import pytest
from mmdet.structures.bbox import HorizontalBoxes
from PIL import Image

from dearli_mm.datasets import AntialiasResize
from dearli_mm.datasets.masks import SegmentIdMasks


def noise(height, width):
    rng = np.random.default_rng(height)
    return rng.integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.parametrize('size', [(31, 20), (90, 60), (45, 60), (200, 130)])
def test_result_is_that_of_pil(size):
    image = noise(60, 90)
    results = AntialiasResize(scale=size)(dict(img=image))
    expected = Image.fromarray(image).resize(size, Image.BILINEAR)
    difference = results['img'].astype(int) - np.asarray(expected, int)
    assert abs(difference).max() <= 1
    assert results['img'].dtype == np.uint8
    assert results['img'].flags['C_CONTIGUOUS']
    assert results['img_shape'] == size[::-1]
    assert results['scale_factor'] == (size[0] / 90, size[1] / 60)


def test_stripes_become_grey():
    stripes = np.zeros((8, 8, 3), np.uint8)
    stripes[:, ::2] = 200
    small = AntialiasResize(scale_factor=0.25)(dict(img=stripes))['img']
    assert small.shape == (2, 2, 3)
    assert abs(small.astype(int) - 100).max() <= 15


@pytest.mark.parametrize('shape, expected', [
    ((60, 90), (20, 30)), ((60, 300), (16, 80)), ((10, 10), (20, 20))])
def test_ratio_is_kept_within_both_limits(shape, expected):
    resize = AntialiasResize(scale=(80, 20), keep_ratio=True)
    results = resize(dict(img=noise(*shape)))
    assert results['img_shape'] == results['img'].shape[:2] == expected


def test_labels_stay_labels_and_agree():
    labels = np.zeros((60, 90), np.uint8)
    labels[10:37, 20:55] = 7
    results = AntialiasResize(scale=(40, 25))(
        dict(
            img=noise(60, 90),
            gt_seg_map=labels,
            gt_masks=SegmentIdMasks.from_array(labels, [7]),
            gt_bboxes=HorizontalBoxes(np.array([[20, 10, 55, 37]],
                                               np.float32))))
    assert set(np.unique(results['gt_seg_map'])) == {0, 7}
    assert np.array_equal(results['gt_masks'].masks[0],
                          results['gt_seg_map'] == 7)
    assert results['gt_bboxes'].tensor[0].tolist() == pytest.approx(
        [20 * 40 / 90, 10 * 25 / 60, 55 * 40 / 90, 37 * 25 / 60])


def test_arrays_that_torch_would_not_take():
    image = noise(60, 90)
    image.flags.writeable = False
    turned = image[::-1]
    resize = AntialiasResize(scale=(30, 20))
    assert np.array_equal(
        resize(dict(img=turned))['img'],
        resize(dict(img=turned.copy()))['img'])


def test_backend_is_not_a_choice():
    with pytest.raises(TypeError, match='backend'):
        AntialiasResize(scale=(30, 20), backend='cv2')
