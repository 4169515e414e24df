"""Pseudo-labels that know some of the truth: what is whose fault.

A teacher errs about which pixels belong together, and about what they are.
With ``knows='names'`` its segments are its own and their classes are right;
with ``knows='segments'`` both are the ground truth, so that nothing is left of
the teacher. For experiments only: the unlabelled scenes' annotations are read.
"""
from __future__ import annotations

from typing import List

import torch
from mmdet.registry import DATASETS, MODELS
from mmdet.structures import SampleList
from torch import Tensor

from dearli_mm.datasets import SemiSupPanopticDataset
from dearli_mm.functional import PanopticSegments
from dearli_mm.functional.segments import (Candidates, collect_segments,
                                            merge_stuff)
from dearli_mm.models import DEARLi

KNOWS = ('names', 'segments')


@DATASETS.register_module()
class AnnotatedViewsDataset(SemiSupPanopticDataset):
    """The unlabelled part, with the annotations that it should not have.

    Args:
        **kwargs: Of :class:`SemiSupPanopticDataset`; the ``weak`` view loads
            annotations and transforms them with the image.
    """

    def __init__(self, **kwargs) -> None:
        super().__init__(**kwargs)
        dataset = DATASETS.build(kwargs['dataset'])
        infos = map(dataset.get_data_info, range(len(dataset)))
        self._annotated = {info['img_path']: info for info in infos}

    def _make_views(self, info: dict) -> dict:
        return super()._make_views(self._annotated[info['img_path']])


@MODELS.register_module()
class OracleTeacher(DEARLi):
    """DEARLi with a teacher that is told what it cannot know.

    Args:
        knows (str): ``'names'`` or ``'segments'``.
        **kwargs: Of :class:`DEARLi`.

    Raises:
        ValueError: If ``knows`` is neither.
    """

    def __init__(self, knows: str, **kwargs) -> None:
        if knows not in KNOWS:
            raise ValueError(f'model.knows={knows!r} is none of {KNOWS}')
        super().__init__(**kwargs)
        self.knows = knows

    @torch.no_grad()
    def pseudo_label(self, weak: Tensor,
                     samples: SampleList) -> List[PanopticSegments]:
        """Segments of the weak views; see :class:`DEARLi`."""
        head = self.student.panoptic_head
        num_things = head.num_things_classes
        truths = [
            segments_of(truth.labels, truth.masks, num_things)
            for truth in head.targets(samples)
        ]
        if self.knows == 'segments':
            return truths
        guesses = super().pseudo_label(weak, samples)
        return [
            rename(guess, truth, num_things)
            for guess, truth in zip(guesses, truths)
        ]


def segments_of(labels: Tensor, masks: Tensor,
                num_things: int) -> PanopticSegments:
    """Ground truth in the form of pseudo-labels.

    Args:
        labels (Tensor): int64 ``[n]``.
        masks (Tensor): Disjoint, bool ``[n, H, W]``.
        num_things (int): Number of thing classes, which come first.
    """
    numbers = torch.arange(1, len(labels) + 1, device=masks.device)
    seg_map = (masks.int() * numbers.view(-1, 1, 1).int()).sum(0).int()
    return PanopticSegments(seg_map, labels, labels < num_things,
                            torch.ones(len(labels), device=masks.device))


def rename(guess: PanopticSegments, truth: PanopticSegments,
           num_things: int) -> PanopticSegments:
    """Give each segment the class that most of its pixels have.

    Args:
        guess (PanopticSegments): Segments, which stay as they are, but for
            stuff that turns out to be of one class: it becomes one segment.
        truth (PanopticSegments): Ground truth of the same image.
        num_things (int): Number of thing classes, which come first.

    Returns:
        PanopticSegments: A segment on nothing but void keeps its class.
    """
    void = int(torch.cat((truth.labels, guess.labels)).max()) + 1
    size = guess.num_segments + 1
    joint = guess.seg_map.long() * (void + 1) + truth.label_map(void)
    pixels = torch.bincount(
        joint.flatten(), minlength=size * (void + 1)).view(size, -1)[1:, :void]
    most, names = pixels.max(1)
    labels = torch.where(most > 0, names, guess.labels)
    is_thing = labels < num_things
    present = torch.bincount(guess.seg_map.flatten(), minlength=size)[1:] > 0
    ids = merge_stuff(labels, is_thing, present)
    table = torch.cat((ids.new_zeros(1), ids)).to(guess.seg_map.dtype)
    named, = collect_segments([
        Candidates(table[guess.seg_map.long()], ids, labels, is_thing,
                   guess.scores)
    ])
    return named
