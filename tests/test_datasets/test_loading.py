import cv2
import numpy as np
import pytest
from mmdet.registry import TRANSFORMS
from mmdet.structures.bbox import HorizontalBoxes

from dearli_mm.datasets.transforms import LoadPanopticSegments
from dearli_mm.datasets.transforms.loading import read_panoptic_png
from dearli_mm.functional.panoptic_ids import id2rgb

IDS = np.array([[0, 70000, 70000], [300, 300, 5]])


@pytest.fixture
def results(tmp_path):
    path = str(tmp_path / 'a.png')
    cv2.imwrite(path, id2rgb(IDS)[..., ::-1])
    instance = dict(bbox=[0, 0, 2, 2], bbox_label=1, ignore_flag=0)
    return dict(
        img_path='images/a.jpg',
        seg_map_path=path,
        ori_shape=(2, 3),
        height=2,
        width=3,
        instances=[instance, instance],
        segments_info=[
            dict(id=300, category=1, is_thing=True),
            dict(id=5, category=7, is_thing=False),
            dict(id=70000, category=0, is_thing=True),
        ])


def test_loads_what_mmdet_loads(results):
    loaded = TRANSFORMS.build(dict(type='LoadPanopticSegments'))(results)
    assert loaded['gt_seg_map'].tolist() == [[255, 0, 0], [1, 1, 7]]
    assert loaded['gt_seg_map'].dtype == np.int32
    masks = loaded['gt_masks']
    assert masks.masks.tolist() == [[[0, 0, 0], [1, 1, 0]],
                                    [[0, 1, 1], [0, 0, 0]]]
    assert masks.masks.dtype == np.uint8 and (masks.height, masks.width) == \
        (2, 3)
    assert isinstance(loaded['gt_bboxes'], HorizontalBoxes)
    assert loaded['gt_bboxes_labels'].tolist() == [1, 1]


def test_listed_segment_without_pixels_has_an_empty_mask(results):
    results['segments_info'].append(dict(id=9, category=2, is_thing=True))
    assert LoadPanopticSegments()(results)['gt_masks'].masks[2].sum() == 0


def test_no_things_and_no_ground_truth(results):
    results.update(instances=[], segments_info=[])
    load = LoadPanopticSegments(on_unknown_id='void')
    loaded = load(dict(results))
    assert len(loaded['gt_masks']) == 0
    assert (loaded['gt_seg_map'] == 255).all()
    results['seg_map_path'] = None
    assert 'gt_seg_map' not in load(dict(results))


def test_unknown_ids(results):
    del results['segments_info'][0]
    with pytest.raises(ValueError) as error:
        LoadPanopticSegments()(results)
    for part in (results['seg_map_path'], 'a.jpg', '300',
                 "on_unknown_id='void'"):
        assert part in str(error.value)
    loaded = LoadPanopticSegments(on_unknown_id='void')(results)
    assert loaded['gt_seg_map'].tolist() == [[255, 0, 0], [255, 255, 7]]


def test_ids_that_the_dataset_dropped_are_no_error(results):
    del results['segments_info'][0]
    results['raw_segment_ids'] = [5, 300, 70000]
    loaded = LoadPanopticSegments()(results)
    assert loaded['gt_seg_map'].tolist() == [[255, 0, 0], [255, 255, 7]]


def test_size_must_be_that_of_the_image(results):
    results['ori_shape'] = (3, 2)
    with pytest.raises(ValueError, match=r'a\.png has 2 x 3 .* 3 x 2'):
        LoadPanopticSegments()(results)


def test_missing_file_and_bad_option(results):
    results['seg_map_path'] += '.gone'
    with pytest.raises(FileNotFoundError, match="data_prefix\\['seg'\\]"):
        LoadPanopticSegments()(results)
    with pytest.raises(ValueError, match="'error' or 'void', got 'skip'"):
        LoadPanopticSegments(on_unknown_id='skip')


def test_repr():
    assert repr(LoadPanopticSegments()).endswith("on_unknown_id='error')")


@pytest.mark.parametrize('pixels, what', [
    (np.array([[1, 2]], np.uint8), '8 bits and grey'),
    (np.array([[1, 2]], np.uint16), '16 bits and grey'),
    (np.ones((1, 2, 3), np.uint16), '16 bits and RGB'),
])
def test_png_that_cannot_hold_ids_as_colours(tmp_path, pixels, what):
    path = str(tmp_path / 'a.png')
    cv2.imwrite(path, pixels)
    with pytest.raises(ValueError,
                       match=f'a.png: the panoptic PNG has {what} pixels'):
        read_panoptic_png(path)


def test_mmdets_void_among_the_classes_is_an_error(results):
    results['segments_info'][1]['category'] = 255
    with pytest.raises(ValueError, match='255 is a class.*PanopticDataset'):
        LoadPanopticSegments()(results)
