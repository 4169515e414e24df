import numpy as np
import torch
from mmdet.registry import VISUALIZERS
from mmengine.structures import PixelData
from numpy.testing import assert_array_equal

import dearli_mm  # noqa: F401

IMAGE = np.full((20, 30, 3), 120, np.uint8)


def draw(ids):
    visualizer = VISUALIZERS.get('PanopticVisualizer')('drawn')
    return visualizer._draw_panoptic_seg(
        IMAGE, PixelData(sem_seg=torch.tensor(ids)[None].numpy()),
        ['mug', 'sky'], [(250, 0, 0), (0, 0, 250)])


def test_an_image_without_segments_is_the_image():
    assert_array_equal(draw(np.full((20, 30), 2)), IMAGE)


def test_segments_are_drawn():
    ids = np.full((20, 30), 2)
    ids[:10] = 1000  # mug 1
    drawn = draw(ids)
    assert (drawn[:5] != IMAGE[:5]).any()
    assert_array_equal(drawn[15:], IMAGE[15:])
