"""The masks must be those of mmdet's BitmapMasks, pixel by pixel."""
import copy
import pickle

import numpy as np
import pytest
import torch
from mmdet.structures.bbox import HorizontalBoxes
from mmdet.structures.mask import BitmapMasks

from dearli_mm.datasets import RandomScaleCropFlip
from dearli_mm.datasets.masks import SegmentIdMasks


def _pair(height=37, width=53, segments=6, ids=(1, 3, 4, 6, 9)):
    """Masks of both kinds: 9 has no pixel, 0, 2 and 5 are no mask."""
    small = np.random.default_rng(0).integers(0, segments + 1, (6, 8))
    id_map = np.kron(small, np.ones((7, 7), int))[:height, :width]
    masks = np.stack([id_map == number for number in ids]).astype(np.uint8)
    return (SegmentIdMasks.from_array(id_map, ids),
            BitmapMasks(masks, height, width))


def _assert_same(ours, theirs):
    assert (ours.height, ours.width) == (theirs.height, theirs.width)
    assert len(ours) == len(theirs)
    assert np.array_equal(ours.to_ndarray(), theirs.to_ndarray())


CHANGES = dict(
    index=lambda m: m[np.array([4, 0])],
    boolean=lambda m: m[np.array([True, False, True, False, True])],
    one=lambda m: m[2],
    none=lambda m: m[np.array([], dtype=int)],
    larger=lambda m: m.rescale((300, 90)),
    smaller=lambda m: m.rescale(0.37),
    resize=lambda m: m.resize((61, 29)),
    bilinear=lambda m: m.resize((61, 29), 'bilinear'),
    crop=lambda m: m.crop(np.array([5, 9, 30, 31])),
    horizontal=lambda m: m.flip('horizontal'),
    vertical=lambda m: m.flip('vertical'),
    diagonal=lambda m: m.flip('diagonal'),
    pad=lambda m: m.pad((40, 60)),
    pad_ones=lambda m: m.pad((40, 60), pad_val=1),
    cat=lambda m: type(m).cat([m, m[1]]),
    translate=lambda m: m.translate((37, 53), 4),
    rotate=lambda m: m.rotate((37, 53), 20),
    all_of_training=lambda m: m.rescale((200, 80))[np.array([0, 2, 4])].crop(
        np.array([3, 4, 67, 68])).flip().pad((90, 90)),
)


@pytest.mark.parametrize('change', CHANGES)
@pytest.mark.parametrize('ids', [(1, 3, 4, 6, 9), (1, 3, 4, 6, 400)])
def test_as_bitmap_masks(change, ids):
    ours, theirs = map(CHANGES[change], _pair(ids=ids))
    _assert_same(ours, theirs)
    if len(theirs):
        assert np.array_equal(ours.areas, theirs.areas)
    assert torch.equal(
        ours.get_bboxes(HorizontalBoxes).tensor,
        theirs.get_bboxes(HorizontalBoxes).tensor)
    assert torch.equal(
        ours.to_tensor(torch.bool, 'cpu'), theirs.to_tensor(
            torch.bool, 'cpu'))


def test_small_type_and_shared_memory():
    few, many = _pair()[0], _pair(ids=(1, 300))[0]
    assert few.pixels.dtype == torch.uint8
    assert many.pixels.dtype == torch.int16
    assert isinstance(few.pixels, torch.Tensor)  # tensors go by shared memory
    _assert_same(pickle.loads(pickle.dumps(few)), _pair()[1])
    assert few.pad((37, 53)) is few
    with pytest.raises(ValueError, match='40000 segments'):
        SegmentIdMasks.from_array(np.array([[40000]]), [1])


def test_changes_leave_the_masks_alone():
    ours, theirs = _pair()
    for change in CHANGES.values():
        change(ours)
    _assert_same(ours, theirs)
    assert repr(ours) == 'SegmentIdMasks(num_masks=5, height=37, width=53)'


def test_same_crops_as_with_bitmap_masks():
    crop = RandomScaleCropFlip(size=32)
    results = dict(
        img=np.zeros((37, 53, 3), np.uint8),
        gt_bboxes_labels=np.arange(5),
        gt_ignore_flags=np.zeros(5, bool))
    for seed in range(20):
        found = []
        for masks in _pair():
            np.random.seed(seed)
            found.append(crop(dict(
                copy.deepcopy(results), gt_masks=masks,
                gt_bboxes=masks.get_bboxes(HorizontalBoxes))))
        ours, theirs = found
        _assert_same(ours['gt_masks'], theirs['gt_masks'])
        assert isinstance(ours['gt_masks'], SegmentIdMasks)
        assert torch.equal(ours['gt_bboxes'].tensor,
                           theirs['gt_bboxes'].tensor)
        assert np.array_equal(ours['gt_bboxes_labels'],
                              theirs['gt_bboxes_labels'])
