"""The one form in which panoptic results travel through the package."""
from typing import List, NamedTuple, Optional, Sequence, Tuple

import torch
from torch import Tensor


class PanopticSegments(NamedTuple):
    """A panoptic segmentation of one image: disjoint segments with classes.

    Attributes:
        seg_map (Tensor): int [H, W]; 0 is void, 1..n are the segments.
        labels (Tensor): int [n], class index of each segment.
        is_thing (Tensor): bool [n].
        scores (Tensor): float [n], class probability of each segment.
    """
    seg_map: Tensor
    labels: Tensor
    is_thing: Tensor
    scores: Tensor

    @property
    def num_segments(self) -> int:
        """int: Number of segments n."""
        return self.labels.shape[0]

    def masks(self) -> Tensor:
        """Binary masks of the segments, bool [n, H, W]."""
        ids = torch.arange(
            1, self.num_segments + 1, device=self.seg_map.device)
        return self.seg_map == ids.view(-1, 1, 1).to(self.seg_map.dtype)

    def label_map(self, void: int) -> Tensor:
        """Class of every pixel, int64 [H, W]; ``void`` where there is none."""
        table = torch.cat((self.labels.new_full((1, ), void), self.labels))
        return table[self.seg_map.long()]


def merge_stuff(labels: Tensor, is_thing: Tensor, valid: Tensor) -> Tensor:
    """Segment ids for candidates in order, one id for each stuff class.

    Args:
        labels (Tensor): int [n], classes of the candidates.
        is_thing (Tensor): bool [n].
        valid (Tensor): bool [n]; invalid candidates get no segment.

    Returns:
        Tensor: int64 [n], ids 1..m in order of first appearance, 0 where
        the candidate is not valid.
    """
    if len(labels) == 0:
        return labels.new_zeros(0, dtype=torch.int64)
    same = (labels[:, None] == labels) & ~is_thing[:, None] & ~is_thing
    same.fill_diagonal_(True)
    same &= valid
    # The first valid candidate of one's own group stands for the group.
    first = same.int().argmax(dim=1)
    own = torch.arange(len(labels), device=first.device)
    is_first = valid & (first == own)
    return is_first.long().cumsum(0)[first] * valid


def segment_attributes(ids: Tensor, labels: Tensor, is_thing: Tensor,
                       scores: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
    """Attributes of segments from those of the candidates they are made of.

    Their number is known to the device alone: see :func:`trim_segments`.

    Args:
        ids (Tensor): int64 [n], as :func:`merge_stuff` gives them.
        labels (Tensor): int [n].
        is_thing (Tensor): bool [n].
        scores (Tensor): float [n].

    Returns:
        tuple[Tensor, Tensor, Tensor]: labels, is_thing and scores, each [n],
        of which the first m, the highest id, are of segments; a merged
        segment has the highest of its candidates' scores.
    """

    def collect(values: Tensor) -> Tensor:
        out = values.new_zeros(len(ids) + 1)
        return out.scatter_reduce(0, ids, values, 'amax')[1:]

    return collect(labels), collect(is_thing.int()).bool(), collect(scores)


def count_segments(segments: Sequence[PanopticSegments]) -> Tensor:
    """How many segments images have.

    Args:
        segments (Sequence[PanopticSegments]): Of one image at least; ids 1..m
            have pixels, and more than m attributes may follow.

    Returns:
        Tensor: m of each image, integer [B].
    """
    return torch.stack([s.seg_map.max() for s in segments])


def trim_segments(
        segments: Sequence[PanopticSegments],
        counts: Optional[Sequence[int]] = None) -> List[PanopticSegments]:
    """Leave out the attributes behind those of the last segment.

    Args:
        segments (Sequence[PanopticSegments]): Of some images.
        counts (Sequence[int], optional): What :func:`count_segments` found.
            They decide the size of tensors: without them the host waits for
            the device, once for all images.

    Returns:
        list[PanopticSegments]: With as many attributes as segments.
    """
    if not segments:
        return []
    if counts is None:
        counts = count_segments(segments).tolist()
    return [
        PanopticSegments(s.seg_map, s.labels[:m], s.is_thing[:m], s.scores[:m])
        for s, m in zip(segments, counts)
    ]
