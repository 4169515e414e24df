"""Merging the queries of several views of one image.

The queries of two views do not correspond by their number: they are matched
by what they show. The paper uses no test-time augmentation.
"""
from typing import List, NamedTuple, Optional, Tuple

import torch
import torch.nn.functional as F
from scipy.optimize import linear_sum_assignment
from torch import Tensor

# What a flip mirrors: (vertical axis, horizontal axis).
FLIPS = {
    None: (False, False),
    'horizontal': (False, True),
    'vertical': (True, False),
    'diagonal': (True, True)
}


class View(NamedTuple):
    """Where an image lies in a network's input.

    Attributes:
        input_size (tuple[int, int]): Height and width, padding included.
        image_size (tuple[int, int]): Those of the image, at the upper left.
        flip (str, optional): ``'horizontal'``, ``'vertical'`` or
            ``'diagonal'`` (both) if the image was flipped before padding.
    """
    input_size: Tuple[int, int]
    image_size: Tuple[int, int]
    flip: Optional[str] = None


def unflip(maps: Tensor, flip: Optional[str]) -> Tensor:
    """Undo a flip of maps [..., H, W]; ``flip`` as in :class:`View`."""
    axes = [axis for axis, on in zip((-2, -1), FLIPS[flip]) if on]
    return maps.flip(axes) if axes else maps


def align_masks(mask_logits: Tensor, view: View, base: View,
                size: Tuple[int, int]) -> Tensor:
    """Mask logits of a view on the grid of another view of the same image.

    Args:
        mask_logits (Tensor): Of the view, shape [Q, h, w], over its input.
        view (View): Where the image lies in the view.
        base (View): Where it lies in the other view, which is not flipped.
        size (tuple[int, int]): Grid of the other view's logits.

    Returns:
        Tensor: Bilinear values, shape [Q, *size]; outside of the view's
        input, those at its border.
    """
    y, x = (
        _positions(size[axis], base.input_size[axis], base.image_size[axis],
                   view.input_size[axis], view.image_size[axis],
                   FLIPS[view.flip][axis]) for axis in (0, 1))
    grid = torch.stack(torch.meshgrid(x, y, indexing='xy'), dim=-1)
    return F.grid_sample(
        mask_logits[None],
        grid[None].to(mask_logits),
        padding_mode='border',
        align_corners=False)[0]


def _positions(count: int, base_input: int, base_image: int, view_input: int,
               view_image: int, flipped: bool) -> Tensor:
    """Where the centres of a grid lie on one axis of a view, in [-1, 1]."""
    # In shares of the image: views differ in size and padding.
    share = (torch.arange(count) + 0.5) / count * base_input / base_image
    if flipped:
        share = 1 - share
    return 2 * share * view_image / view_input - 1


def match_queries(class_probs: Tensor,
                  masks: Tensor,
                  other_probs: Tensor,
                  other_masks: Tensor,
                  iou_thr: float = 0.5) -> Tuple[Tensor, Tensor]:
    """Pairs of queries of two views that show the same thing.

    One-to-one, and together as similar as can be: the similarity is the IoU
    of the masks times the Bhattacharyya coefficient of the class
    probabilities, ``sum_c sqrt(p_c q_c)``.

    Args:
        class_probs (Tensor): Class probabilities, shape [Q, C+1].
        masks (Tensor): bool [Q, h, w].
        other_probs (Tensor): Those of the other view, shape [R, C+1].
        other_masks (Tensor): bool [R, h, w], on the same grid.
        iou_thr (float): Least IoU of a pair, in (0, 1]. Defaults to 0.5.

    Returns:
        tuple[Tensor, Tensor]: int64 [N] queries of the first view,
        increasing, and [N] of the other.
    """
    ours, theirs = masks.flatten(1).float(), other_masks.flatten(1).float()
    common = ours @ theirs.T
    union = ours.sum(1, keepdim=True) + theirs.sum(1) - common
    iou = common / union.clamp(min=1)
    similarity = iou * (class_probs.sqrt() @ other_probs.sqrt().T)
    # Pairs below the threshold may be assigned, and are dropped afterwards.
    similarity = similarity.where(iou >= iou_thr, 0.)
    rows, columns = (
        torch.as_tensor(index, device=masks.device)
        for index in linear_sum_assignment(
            similarity.cpu().numpy(), maximize=True))
    found = similarity[rows, columns] > 0
    return rows[found], columns[found]


def merge_queries(class_probs: List[Tensor],
                  mask_probs: List[Tensor],
                  iou_thr: float = 0.5) -> Tuple[Tensor, Tensor]:
    """Average the queries of the first view with their like in the others.

    A query that has no like in a view keeps to the views where it has; those
    of the other views without their like in the first take no part.

    Args:
        class_probs (list[Tensor]): Of each view, shape [Q, C+1].
        mask_probs (list[Tensor]): Of each view, on the grid of the first,
            shape [Q, h, w].
        iou_thr (float): See :func:`match_queries`.

    Returns:
        tuple[Tensor, Tensor]: Probabilities [Q, C+1] and [Q, h, w].
    """
    probs, masks = class_probs[0].clone(), mask_probs[0].clone()
    count = probs.new_ones(len(probs))
    for other_probs, other_masks in zip(class_probs[1:], mask_probs[1:]):
        ours, theirs = match_queries(class_probs[0], mask_probs[0] >= 0.5,
                                     other_probs, other_masks >= 0.5, iou_thr)
        probs[ours] += other_probs[theirs]
        masks[ours] += other_masks[theirs]
        count[ours] += 1
    return probs / count[:, None], masks / count[:, None, None]
