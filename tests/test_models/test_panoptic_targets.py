"""Things and stuff as one list, with what the crop has left of them."""
import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample
from mmdet.structures.mask import BitmapMasks
from mmengine.structures import InstanceData, PixelData

from dearli_mm.datasets.masks import SegmentIdMasks
from dearli_mm.models.heads.panoptic_targets import (panoptic_targets,
                                                     targets_of_samples)

MAP = [[0, 3, 3, 255], [2, 4, 7, -1]]  # things 0 and 1, stuff 2 to 4


def things(kind, labels, *masks):
    bitmaps = np.array(masks, np.uint8).reshape(-1, 2, 4)
    numbers = np.arange(1, len(bitmaps) + 1)
    made = BitmapMasks(bitmaps, 2, 4) if kind == 'bitmaps' else \
        SegmentIdMasks.from_array(
            (bitmaps * numbers[:, None, None]).max(0, initial=0), numbers)
    return InstanceData(labels=torch.tensor(labels), masks=made)


def class_map(values, dtype=torch.int64):
    return PixelData(sem_seg=torch.tensor(values, dtype=dtype)[None])


@pytest.mark.parametrize('kind', ['bitmaps', 'numbers'])
def test_what_has_no_pixel_is_left_out(kind):
    left = [[1, 0, 0, 0], [0, 0, 0, 0]]
    nothing = [[0] * 4] * 2
    target, = panoptic_targets([things(kind, [1, 0], nothing, left)],
                               [class_map(MAP)], 2, 5)
    assert target.labels.tolist() == [0, 2, 3, 4]
    assert target.masks.dtype == torch.bool
    assert target.masks.long().tolist() == [
        left, [[0, 0, 0, 0], [1, 0, 0, 0]], [[0, 1, 1, 0], [0, 0, 0, 0]],
        [[0, 0, 0, 0], [0, 1, 0, 0]]
    ]


def test_images_are_told_apart():
    one = [[1, 1, 0, 0]] * 2
    targets = panoptic_targets(
        [things('numbers', [1], one), things('numbers', []),
         things('numbers', [0, 1], one, [[0, 0, 1, 1]] * 2)],
        [class_map([[2] * 4] * 2, torch.uint8), None,
         class_map([[4] * 4] * 2)], 2, 5)
    assert [t.labels.tolist() for t in targets] == [[1, 2], [], [0, 1, 4]]
    assert [len(t.masks) for t in targets] == [2, 0, 3]
    assert targets[0].masks[1].all() and targets[2].masks[2].all()


def test_of_samples_without_class_maps():
    sample = DetDataSample(gt_instances=things('bitmaps', [1], [[1] * 4] * 2))
    target, = targets_of_samples([sample], 2, 5)
    assert target.labels.tolist() == [1] and target.masks.all()
