"""Merging the queries of views, on masks that fit on paper."""
import pytest
import torch
from torch.testing import assert_close

from dearli_mm.functional.tta import (View, align_masks, match_queries,
                                      merge_queries, unflip)

SQUARE = View((4, 4), (4, 4))


@pytest.mark.parametrize('flip,expected', [
    (None, [[1, 2], [3, 4]]),
    ('horizontal', [[2, 1], [4, 3]]),
    ('vertical', [[3, 4], [1, 2]]),
    ('diagonal', [[4, 3], [2, 1]]),
])
def test_unflip(flip, expected):
    maps = torch.tensor([[1, 2], [3, 4]])
    assert unflip(maps, flip).tolist() == expected


@pytest.mark.parametrize('flip', ['horizontal', 'vertical', 'diagonal'])
def test_align_undoes_a_flip(flip):
    masks = torch.randn(2, 4, 4)
    aligned = align_masks(
        unflip(masks, flip), SQUARE._replace(flip=flip), SQUARE, (4, 4))
    assert_close(aligned, masks)


def test_align_undoes_a_flip_before_padding():
    """The image is 2 of 4 columns; its flip is at the left as well."""
    view = View((1, 4), (1, 2), 'horizontal')
    aligned = align_masks(
        torch.tensor([[[1., 2., 8., 9.]]]), view, view._replace(flip=None),
        (1, 4))
    assert_close(aligned[0, 0, :2], torch.tensor([2., 1.]))


def test_align_undoes_a_scale():
    masks = torch.tensor([[[1., 1., 5., 5.]]])
    small = View((1, 4), (1, 4))
    aligned = align_masks(masks, View((8, 32), (8, 32)), small, (1, 2))
    assert_close(aligned, torch.tensor([[[1., 5.]]]))


def masks_of(*rows):
    return torch.tensor(rows).bool().unsqueeze(1)


def test_match_by_overlap():
    """IoU 1 at [0, 1], 2/3 at [1, 0]."""
    probs = torch.tensor([[1., 0.], [1., 0.]])
    ours = masks_of([1, 1, 0, 0, 0], [0, 0, 1, 1, 1])
    theirs = masks_of([0, 0, 0, 1, 1], [1, 1, 0, 0, 0])
    first, second = match_queries(probs, ours, probs, theirs)
    assert (first.tolist(), second.tolist()) == ([0, 1], [1, 0])
    first, second = match_queries(probs, ours, probs, theirs, iou_thr=0.7)
    assert (first.tolist(), second.tolist()) == ([0], [1])


def test_class_decides_between_equal_masks():
    masks = masks_of([1, 1], [1, 1])
    probs = torch.tensor([[0.9, 0.1], [0.1, 0.9]])
    first, second = match_queries(probs, masks, probs.flip(0), masks)
    assert (first.tolist(), second.tolist()) == ([0, 1], [1, 0])


def test_empty_masks_match_nothing():
    masks = masks_of([0, 0])
    probs = torch.tensor([[1., 0.]])
    first, second = match_queries(probs, masks, probs, masks)
    assert len(first) == len(second) == 0


def test_merge_averages_what_was_matched():
    """Query 0 has its like in the second view only, query 1 in none."""
    probs = torch.tensor([[0.8, 0.2], [0.6, 0.4]])
    masks = torch.tensor([[[0.9, 0.9, 0.1]], [[0., 0., 0.7]]])
    other_probs = torch.tensor([[0.4, 0.6]])
    other_masks = torch.tensor([[[0.7, 0.7, 0.1]]])
    nothing = torch.zeros(1, 1, 3)
    merged, merged_masks = merge_queries(
        [probs, other_probs, other_probs], [masks, other_masks, nothing])
    assert_close(merged, torch.tensor([[0.6, 0.4], [0.6, 0.4]]))
    assert_close(merged_masks,
                 torch.tensor([[[0.8, 0.8, 0.1]], [[0., 0., 0.7]]]))
    assert probs[0].tolist() == pytest.approx([0.8, 0.2])  # not in place


def test_one_view_stays_as_it_is():
    probs, masks = torch.rand(3, 2), torch.rand(3, 4, 4)
    merged, merged_masks = merge_queries([probs], [masks])
    assert torch.equal(merged, probs) and torch.equal(merged_masks, masks)
