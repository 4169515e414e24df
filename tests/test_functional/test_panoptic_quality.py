"""Panoptic quality on maps that can be checked on paper."""
import numpy as np
import pytest

from dearli_mm.functional.panoptic_ids import (id2rgb, number_segments,
                                               rgb2id, split_panoptic_ids)
from dearli_mm.functional.panoptic_quality import (panoptic_quality_compute,
                                                   panoptic_quality_mean,
                                                   panoptic_quality_update,
                                                   semantic_iou_compute,
                                                   semantic_iou_update)

GT = np.array([[1, 1, 1, 2, 2],
               [1, 1, 1, 2, 2],
               [1, 1, 1, 2, 2],
               [3, 3, 3, 3, 3],
               [3, 3, 3, 3, 3]])  # 9, 6 and 10 pixels


def update(pred, pred_labels, gt=GT, gt_labels=(0, 0, 1), crowd=None):
    crowd = [False] * len(gt_labels) if crowd is None else crowd
    return panoptic_quality_update(
        np.asarray(pred), pred_labels, np.asarray(gt), gt_labels, crowd, 3)


def test_perfect():
    stats = update(GT, (0, 0, 1))
    assert stats.tolist() == [[2, 2, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0]]


def test_one_found_one_missed_one_invented():
    pred = GT.copy()
    pred[0, 0] = 0  # segment 1: 8 of 9 pixels
    pred[:3, 3:] = 4  # the pixels of segment 2, as another class
    stats = update(pred, (0, 0, 1, 2))
    assert stats[0].tolist() == [8 / 9, 1, 0, 1]
    assert stats[1].tolist() == [1, 1, 0, 0]
    assert stats[2].tolist() == [0, 0, 1, 0]


def test_iou_of_exactly_one_half_is_no_match():
    pred = np.zeros_like(GT)
    pred[3] = 1  # 5 of the 10 pixels of segment 3, nothing else
    assert update(pred, (1, ))[1].tolist() == [0, 0, 1, 1]
    pred[4, 0] = 1  # 6 of 10
    assert update(pred, (1, ))[1].tolist() == [0.6, 1, 0, 0]


def test_void_is_left_out_of_the_union():
    gt = np.where(GT == 1, 0, GT)
    pred = np.where(GT == 2, 0, 1)  # segment 3 and the void, 19 pixels
    stats = update(pred, (1, ), gt, (0, 0, 1))
    assert stats[1].tolist() == [1, 1, 0, 0]


@pytest.mark.parametrize('num_void, false_pos', [(5, 1), (6, 0)])
def test_prediction_on_void_is_forgiven_above_one_half(num_void, false_pos):
    gt = np.where(GT == 3, 0, GT)
    pred = np.zeros_like(GT)
    pred.reshape(-1)[15:15 + num_void] = 1  # on void
    pred.reshape(-1)[:10 - num_void] = 1  # on segments of class 0
    stats = update(pred, (1, ), gt, (0, 0), [False, False])
    assert stats[1, 2] == false_pos


def test_crowd_is_never_missed_and_forgives_its_own_class():
    pred = np.where(GT == 3, 1, 0)
    crowd = [False, False, True]
    assert not update(pred, (1, ), crowd=crowd)[1].any()
    other = update(pred, (2, ), crowd=crowd)
    assert other[2].tolist() == [0, 0, 1, 0]
    assert update(pred * 0, (), crowd=crowd)[:, 3].tolist() == [2, 0, 0]


def test_void_and_crowd_add_up():
    gt = GT.copy()
    gt[3] = 0
    pred = np.zeros_like(GT)
    pred[3, :3] = pred[4, :3] = 1  # 3 on void, 3 on the crowd
    pred[2, :5] = 1  # 5 elsewhere
    assert not update(pred, (1, ), gt, crowd=[0, 0, 1])[1].any()
    pred[1, 0] = 1  # now half of it is elsewhere
    assert update(pred, (1, ), gt, crowd=[0, 0, 1])[1, 2] == 1


def test_segments_without_pixels():
    stats = update(GT, (0, 0, 1, 2), gt_labels=(0, 0, 1, 1))
    assert stats[2].tolist() == [0, 0, 0, 0]  # predicted: nothing
    assert stats[1].tolist() == [1, 1, 0, 1]  # annotated: missed


def test_no_segments_at_all():
    empty = np.zeros_like(GT)
    assert not update(empty, (), empty, ()).any()


def test_compute_leaves_absent_classes_out():
    stats = np.array([[1.5, 2, 1, 1], [0, 0, 0, 0], [0, 0, 2, 0]])
    pq, sq, rq = quality = panoptic_quality_compute(stats)
    np.testing.assert_allclose(pq, [0.5, np.nan, 0])
    np.testing.assert_allclose(sq, [0.75, np.nan, 0])
    np.testing.assert_allclose(rq, [2 / 3, np.nan, 0])
    mean = panoptic_quality_mean(quality, range(3))
    np.testing.assert_allclose(mean, [0.25, 0.375, 1 / 3])
    assert panoptic_quality_mean(quality, [0, 1]).pq == 0.5
    assert np.isnan(panoptic_quality_mean(quality, [1])).all()
    assert np.isnan(panoptic_quality_mean(quality, [])).all()


@pytest.mark.parametrize('call, message', [
    (lambda: update(GT, (0, 0)), r'0\.\.2 .* got 0\.\.3'),
    (lambda: update(GT, (0, 0, 3)), r'Labels of the prediction .* 0\.\.2'),
    (lambda: update(GT[:3], (0, 0)), 'differ in shape'),
    (lambda: update(GT, (0, 0, 1), crowd=[0]), '1 crowd flags for 3'),
    (lambda: semantic_iou_update(GT, GT[:2], 4), 'differ in shape'),
    (lambda: semantic_iou_update(GT, GT, 2), r'holds \[2, 3\]'),
])
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_semantic_iou():
    gt = np.array([[0, 0, 1], [1, 255, 255]])
    pred = np.array([[0, 1, 1], [3, 2, 0]])  # 3 is void
    areas = semantic_iou_update(pred, gt, 3)
    assert areas.tolist() == [[1, 2], [1, 3], [0, 0]]
    iou, mean = semantic_iou_compute(areas)
    np.testing.assert_allclose(iou, [1 / 2, 1 / 3, np.nan])
    assert mean == pytest.approx(5 / 12)
    assert np.isnan(semantic_iou_compute(areas * 0)[1])


def test_rgb_ids_round_trip():
    ids = np.array([[0, 255, 256], [65536, 2**24 - 1, 3937500]])
    rgb = id2rgb(ids)
    assert rgb.dtype == np.uint8 and rgb[0, 2].tolist() == [0, 1, 0]
    assert (rgb2id(rgb) == ids).all() and rgb2id(rgb).dtype == np.int32
    with pytest.raises(ValueError, match='16777215'):
        id2rgb(np.array([[2**24]]))
    with pytest.raises(ValueError, match='uint8'):
        rgb2id(ids)


def test_number_segments():
    id_map = np.array([[7, 7, 0], [500000, 9, 9]], dtype=np.int32)
    seg_map, unknown = number_segments(id_map, [500000, 3, 7, 10**7])
    assert seg_map.tolist() == [[3, 3, 0], [1, 0, 0]]
    assert unknown.tolist() == [9]
    assert not number_segments(id_map, [])[0].any()


def test_split_panoptic_ids():
    panoptic = np.array([[0, 1000, 2000], [1, 3, 5003]])  # 3 is void
    seg_map, labels = split_panoptic_ids(panoptic, 3, 1000)
    assert seg_map.tolist() == [[1, 3, 4], [2, 0, 0]]
    assert labels.tolist() == [0, 1, 0, 0]
    for wrong, message in ((4, 'label 4'), (-1, 'got -1')):
        with pytest.raises(ValueError, match=message):
            split_panoptic_ids(panoptic * 0 + wrong, 3, 1000)
    with pytest.raises(ValueError, match='1000 classes'):
        split_panoptic_ids(panoptic, 1000, 1000)
