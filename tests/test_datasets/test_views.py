"""The composed pipelines, step by step."""
import cv2
import numpy as np
import pytest
from mmengine.dataset import Compose
from semantic_data import write_semantic_data

from dearli_mm.datasets import (LabeledView, TestTimeViews, TestView,
                                WarmUpView)


@pytest.fixture
def photo(tmp_path):
    """A photo and its label map, 40 x 60."""
    write_semantic_data(tmp_path, ['a'], [(40, 60)], 5, 255)
    return dict(
        img_path=str(tmp_path / 'images/a.jpg'),
        seg_map_path=str(tmp_path / 'labels/a.png'))


def names(view):
    return [type(step).__name__ for step in view.transforms]


def test_labeled_view():
    view = LabeledView(size=32, scales=[1.0])
    assert names(view) == [
        'LoadAnyImage', 'LoadPanopticSegments', 'RandomScaleCropFlip',
        'SSDColorAugment', 'PackDetInputs']
    resize, *_, pad = view.transforms[2]
    assert (pad.size, resize.scales) == ((32, 32), [(128, 32)])


def test_labeled_view_of_other_labels(photo):
    view = LabeledView(
        size=32, annotation=dict(type='LoadSemanticSegments', num_classes=5))
    packed = view(photo)
    assert packed['inputs'].shape == (3, 32, 32)
    labels = packed['data_samples'].gt_sem_seg.sem_seg
    assert labels.shape == (1, 32, 32)
    assert set(labels.unique().tolist()) <= {0, 1, 2, 3, 4, 255}


def test_warm_up_view():
    view = WarmUpView(size=32, max_masks=7)
    assert names(view) == [
        'LoadAnyImage', 'LoadSAMMasks', 'RandomScaleCropFlip', 'LimitMasks',
        'SSDColorAugment', 'PackDetInputs']
    limit = view.transforms[3]
    assert (limit.max_masks, limit.keep) == (7, 'largest')
    assert WarmUpView(size=32).transforms[3].max_masks is None


def test_test_view_bounds_the_long_side(photo):
    sample = TestView(size=20)(
        dict(photo, img=cv2.imread(photo['img_path'])))['data_samples']
    assert sample.img_shape == (20, 30)
    assert sample.scale_factor == (0.5, 0.5)
    assert sample.seg_map_path == photo['seg_map_path']
    long = dict(img=np.zeros((10, 100, 3), np.uint8))
    assert TestView(size=10)(long)['data_samples'].img_shape == (4, 40)


def test_views_of_test_time_begin_with_the_plain_one(photo):
    load = dict(type='LoadAnyImage')
    views = Compose([load, TestTimeViews(size=20)])(photo)
    plain = Compose([load, TestView(size=20)])(photo)
    samples = views['data_samples']
    assert [sample.img_shape for sample in samples] == [
        (20, 30), (20, 30), (15, 23), (15, 23), (25, 38), (25, 38)]
    assert [sample.flip for sample in samples] == 3 * [False, True]
    assert np.array_equal(views['inputs'][0], plain['inputs'])
    assert np.array_equal(views['inputs'][1], plain['inputs'].flip(-1))
