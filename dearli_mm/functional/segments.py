"""The one form in which panoptic results travel through the package."""
from typing import List, NamedTuple, Sequence

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


class Candidates(NamedTuple):
    """Segments of an image before the host knows how many there are.

    Attributes:
        seg_map (Tensor): int [H, W]; 0 is void, 1..m are the segments.
        ids (Tensor): int64 [n], the segment that each of n candidates
            belongs to, 0 for none; as :func:`merge_stuff` gives them.
        labels (Tensor): int [n].
        is_thing (Tensor): bool [n].
        scores (Tensor): float [n].
    """
    seg_map: Tensor
    ids: Tensor
    labels: Tensor
    is_thing: Tensor
    scores: Tensor


def collect_segments(
        batch: Sequence[Candidates]) -> List[PanopticSegments]:
    """Segments of some images from their candidates.

    A merged segment has the highest of its candidates' scores. The number of
    segments decides the size of tensors, so the host waits for the device
    here: once, however many images there are.

    Args:
        batch (Sequence[Candidates]): Of each image.

    Returns:
        list[PanopticSegments]: Of each image.
    """
    if not batch:
        return []
    counts = torch.stack([found.seg_map.max() for found in batch]).tolist()
    return [_collect(found, count) for found, count in zip(batch, counts)]


def _collect(found: Candidates, count: int) -> PanopticSegments:

    def highest(values: Tensor) -> Tensor:
        out = values.new_zeros(len(found.ids) + 1)
        out = out.scatter_reduce(0, found.ids, values, 'amax')
        return out[1:count + 1]

    return PanopticSegments(found.seg_map, highest(found.labels),
                            highest(found.is_thing.int()).bool(),
                            highest(found.scores))
