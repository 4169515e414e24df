"""CutMix on panoptic segmentations."""
import math
from typing import List, NamedTuple, Optional, Sequence, Tuple

import torch

from .segments import (Candidates, PanopticSegments, collect_segments,
                       merge_stuff)

Box = Tuple[int, int, int, int]


class Paste(NamedTuple):
    """What is pasted into an image: a box of another image of the batch."""
    partner: int
    box: Box


def cutmix_box(size: Tuple[int, int],
               area: Tuple[float, float] = (0.02, 0.4),
               aspect: Tuple[float, float] = (0.3, 1 / 0.3),
               generator: Optional[torch.Generator] = None) -> Box:
    """Draw a box inside an image.

    Area and aspect are uniform; the aspect is drawn from the part of its
    range at which the box fits, so that one draw is enough. Source: DEARLi
    section 3.2 (CutMix as in UniMatch).

    Args:
        size (tuple[int, int]): Height and width of the image in pixels.
        area (tuple[float, float]): Range of the box's share of the image.
        aspect (tuple[float, float]): Range of height / width (up to rounding
            to pixels).
        generator (torch.Generator, optional): Source of randomness.

    Returns:
        tuple[int, int, int, int]: (y0, x0, y1, x1) in pixels, half-open,
        0 <= y0 < y1 <= height and 0 <= x0 < x1 <= width.
    """
    height, width = size
    area_draw, aspect_draw, y_draw, x_draw = torch.rand(
        4, generator=generator, dtype=torch.float64).tolist()

    low, high = (share * height * width for share in area)
    target = low + (high - low) * area_draw
    # h = sqrt(target * ratio) <= height, w = sqrt(target / ratio) <= width
    ratio_low = max(aspect[0], target / width**2)
    ratio_high = max(min(aspect[1], height**2 / target), ratio_low)
    ratio = ratio_low + (ratio_high - ratio_low) * aspect_draw

    h = min(max(round(math.sqrt(target * ratio)), 1), height)
    w = min(max(round(target / h), math.ceil(low / h)), math.floor(high / h))
    w = min(max(w, 1), width)
    y0 = int(y_draw * (height - h + 1))
    x0 = int(x_draw * (width - w + 1))
    return y0, x0, y0 + h, x0 + w


def cutmix_panoptic(base: PanopticSegments, partner: PanopticSegments,
                    box: Box) -> PanopticSegments:
    """Paste the partner's segments over the base inside a box.

    Segments that no pixel is left of are dropped; stuff of one class from
    both becomes one segment. Neither argument is changed. Source: DEARLi
    section 3.2.

    Args:
        base (PanopticSegments): Segments of an [H, W] image.
        partner (PanopticSegments): Segments of another [H, W] image.
        box (tuple[int, int, int, int]): (y0, x0, y1, x1), half-open.

    Returns:
        PanopticSegments: What is left of the base's segments, in their
        order, then the partner's.
    """
    segments, = batch_cutmix_panoptic([base, partner], [Paste(1, box)])
    return segments


def batch_cutmix_panoptic(
        labels: Sequence[PanopticSegments],
        pastes: Sequence[Optional[Paste]]) -> List[PanopticSegments]:
    """:func:`cutmix_panoptic` of images with partners among them.

    Args:
        labels (Sequence[PanopticSegments]): Of each image, [H, W].
        pastes (Sequence[Paste | None]): What is pasted into each of the first
            ``len(pastes)`` images; None for one that stays as it is.

    Returns:
        list[PanopticSegments]: Of the first ``len(pastes)`` images.
    """
    mixed = iter(collect_segments([
        _paste(base, labels[paste.partner], paste.box)
        for base, paste in zip(labels, pastes) if paste
    ]))
    return [next(mixed) if paste else base
            for base, paste in zip(labels, pastes)]


def _paste(base: PanopticSegments, partner: PanopticSegments,
           box: Box) -> Candidates:
    """The segments of both images after the partner's box is pasted."""
    y0, x0, y1, x1 = box
    patch = partner.seg_map[y0:y1, x0:x1]
    seg_map = base.seg_map.clone()
    seg_map[y0:y1, x0:x1] = torch.where(patch > 0, patch + base.num_segments,
                                        patch)

    labels = torch.cat((base.labels, partner.labels))
    is_thing = torch.cat((base.is_thing, partner.is_thing))
    scores = torch.cat((base.scores, partner.scores))
    left = seg_map.new_zeros(len(labels) + 1).scatter_(
        0, seg_map.flatten().long(), 1)[1:]  # bincount() makes a GPU wait
    ids = merge_stuff(labels, is_thing, left > 0)
    table = torch.cat((ids.new_zeros(1), ids)).to(seg_map.dtype)
    return Candidates(table[seg_map.long()], ids, labels, is_thing, scores)
