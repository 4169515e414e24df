"""Packed masks do what mmdet's do."""
import io
import pickle

import numpy as np
import pytest
import torch
from mmdet.structures.mask import BitmapMasks
from pycocotools import mask as coco_mask

from dearli_mm.datasets.masks import PackedMasks, run_ends

HEIGHT, WIDTH = 23, 31


def encode(masks):
    return coco_mask.encode(
        np.asfortranarray(masks.transpose(1, 2, 0).astype(np.uint8)))


@pytest.fixture(params=[1, 5, 64, 130])
def pair(request):
    rng = np.random.default_rng(request.param)
    masks = rng.random((request.param, HEIGHT, WIDTH)) > 0.5
    masks[0, :, 5:] = False
    masks[-1, 3:] = False
    packed = PackedMasks.from_rle(encode(masks), HEIGHT, WIDTH)
    return packed, BitmapMasks(masks.astype(np.uint8), HEIGHT, WIDTH)


def check(packed, bitmap):
    assert len(packed) == len(bitmap)
    assert (packed.height, packed.width) == (bitmap.height, bitmap.width)
    np.testing.assert_array_equal(packed.to_ndarray(), bitmap.masks)
    np.testing.assert_array_equal(packed.areas, bitmap.areas)
    boxes = packed.get_bboxes('hbox').tensor
    assert torch.equal(boxes, bitmap.get_bboxes('hbox').tensor)


@pytest.mark.parametrize('change', [
    lambda masks: masks,
    lambda masks: masks.rescale((100, 50)),
    lambda masks: masks.rescale(0.4),
    lambda masks: masks.resize((40, 17)),
    lambda masks: masks.flip(),
    lambda masks: masks.flip('diagonal'),
    lambda masks: masks.pad((30, 40)),
    lambda masks: masks.pad((30, 40), pad_val=1),
    lambda masks: masks.crop(np.array([4, 2, 20, 60])),
    lambda masks: masks[np.array([0, len(masks) - 1])],
    lambda masks: masks[np.arange(len(masks)) % 2 == 0].crop(
        np.array([6, 0, 30, 23])).flip().pad((64, 64)),
    lambda masks: masks[np.array([], dtype=int)],
    lambda masks: masks.expand(50, 60, 3, 4),
])
def test_as_bitmaps(pair, change):
    check(*map(change, pair))


def test_to_tensor_and_pickle(pair):
    packed, bitmap = pair
    copy = pickle.load(io.BytesIO(pickle.dumps(packed)))
    tensor = copy.to_tensor(torch.bool, 'cpu')
    assert tensor.dtype == torch.bool
    assert (tensor.numpy() == bitmap.masks).all()


def test_no_masks():
    packed = PackedMasks.from_rle([], 5, 6).rescale(2.).pad((12, 12)).flip()
    assert packed.to_tensor(torch.bool, 'cpu').shape == (0, 12, 12)
    assert len(packed.get_bboxes('hbox')) == 0


def test_runs_of_all_lengths():
    rng = np.random.default_rng(0)
    for _ in range(20):
        counts = rng.integers(1, 10**rng.integers(1, 7), 15)
        size = int(counts.sum())
        rle, = coco_mask.frPyObjects(
            [dict(size=[size, 1], counts=counts.tolist())], size, 1)
        assert (run_ends(rle['counts'], size) == counts.cumsum()).all()
    with pytest.raises(ValueError, match='do not add up'):
        run_ends(rle['counts'], size + 1)
    with pytest.raises(ValueError, match='do not add up'):
        run_ends(rle['counts'][:-1] + b'P', size)


def test_masks_of_another_image():
    with pytest.raises(ValueError, match=r'size \[4, 5\] in an image of'):
        PackedMasks.from_rle(encode(np.ones((1, 4, 5))), 5, 4)
