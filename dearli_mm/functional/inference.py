"""From query predictions to panoptic and semantic maps."""
from typing import Iterable, List, Sequence, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor

from .resizing import resize_logits
from .segments import (Candidates, PanopticSegments, collect_segments,
                       merge_stuff)


def panoptic_inference(class_logits: Tensor,
                       mask_logits: Tensor,
                       is_thing: Tensor,
                       score_thr: float = 0.0,
                       overlap_thr: float = 0.8) -> PanopticSegments:
    """Turn the queries of one image into disjoint segments.

    A query is kept if its best class is not void and scores above
    ``score_thr``; each pixel goes to the kept query with the highest
    score x mask probability; a query holds its pixels of probability at
    least 0.5, unless others took more than ``1 - overlap_thr`` of its mask.
    Stuff queries of one class become one segment. There is no loop over
    queries: all of them are settled at once. Source: DEARLi section 3 (the
    inference of MaskFormer); it also makes the teacher's pseudo-labels.

    Args:
        class_logits (Tensor): Shape [Q, C+1], void last (logits or
            log-probabilities).
        mask_logits (Tensor): Shape [Q, H, W], at the size of the result.
        is_thing (Tensor): bool [C].
        score_thr (float): Queries must score above it. Defaults to 0.0.
        overlap_thr (float): Least share of a mask that must be left after
            the competition for pixels. Defaults to 0.8.

    Returns:
        PanopticSegments: Segments in the order of their (first) queries; a
        merged stuff segment has the highest score of its queries.
    """
    keep = kept_queries(class_logits, score_thr).nonzero()[:, 0]
    return panoptic_inference_of_bands(class_logits[keep],
                                       [mask_logits[keep]], is_thing,
                                       overlap_thr)


def panoptic_inference_of_bands(class_logits: Tensor,
                                bands: Iterable[Tensor],
                                is_thing: Tensor,
                                overlap_thr: float = 0.8) -> PanopticSegments:
    """:func:`panoptic_inference` of an image that comes band by band.

    Args:
        class_logits (Tensor): Of the K kept queries, shape [K, C+1].
        bands (Iterable[Tensor]): Mask logits of bands of rows, from above,
            each of shape [K, h, W].
        is_thing (Tensor): bool [C].
        overlap_thr (float): See :func:`panoptic_inference`.
    """
    return collect_segments(
        [_compete(class_logits, bands, is_thing, overlap_thr)])[0]


def batch_panoptic_inference(
        class_logits: Tensor,
        mask_logits: Tensor,
        is_thing: Tensor,
        size: Tuple[int, int],
        valid_sizes: Sequence[Tuple[int, int]],
        score_thr: float = 0.0,
        overlap_thr: float = 0.8) -> List[PanopticSegments]:
    """:func:`panoptic_inference` of padded images of one size.

    Only the masks of kept queries are brought to full size. The host waits
    for the device twice, however many images there are.

    Args:
        class_logits (Tensor): Shape [B, Q, C+1], void last.
        mask_logits (Tensor): Shape [B, Q, h, w]; resized as logits.
        is_thing (Tensor): bool [C].
        size (tuple[int, int]): Height and width of the results in pixels.
        valid_sizes (Sequence[tuple[int, int]]): Height and width of the part
            of each that is image, at the upper left; the rest is padding,
            which belongs to no segment.
        score_thr (float): See :func:`panoptic_inference`.
        overlap_thr (float): See :func:`panoptic_inference`.

    Returns:
        list[PanopticSegments]: Of each image, [H, W].
    """
    kept = kept_queries(class_logits, score_thr).cpu()
    batch = []
    for logits, masks, keep, (height, width) in zip(class_logits, mask_logits,
                                                    kept, valid_sizes):
        keep = keep.nonzero()[:, 0].to(logits.device, non_blocking=True)
        masks = resize_logits(masks[keep].unsqueeze(0), size)[0]
        found = _compete(logits[keep], [masks[:, :height, :width]], is_thing,
                         overlap_thr)
        seg_map = F.pad(found.seg_map,
                        (0, size[1] - width, 0, size[0] - height))
        batch.append(found._replace(seg_map=seg_map))
    return collect_segments(batch)


def kept_queries(class_logits: Tensor, score_thr: float = 0.0) -> Tensor:
    """Queries of which the best class is not void and scores enough.

    Args:
        class_logits (Tensor): Shape [..., Q, C+1], void last.
        score_thr (float): They must score above it. Defaults to 0.0.

    Returns:
        Tensor: bool [..., Q].
    """
    scores, labels = class_logits.softmax(-1).max(-1)
    return (labels != class_logits.shape[-1] - 1) & (scores > score_thr)


def _claim(scores: Tensor,
           mask_logits: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
    """What queries of scores [K] hold of a band of rows, [K, h, W].

    Returns:
        tuple[Tensor, Tensor, Tensor]: The query that each pixel goes to,
        int32 [h, W]; whether its mask covers the pixel, bool [h, W]; pixels
        of each query, int64 [3, K]: those it won, those of them inside of
        its mask, those of its mask.
    """
    count, *size = mask_logits.shape
    masks = mask_logits.sigmoid()
    if count == 0:
        owner = torch.zeros(size, dtype=torch.int32, device=masks.device)
        return owner, owner.bool(), owner.new_zeros((3, 0)).long()
    # max() goes over the first dimension much faster than argmax().
    owner = (scores.view(-1, 1, 1) * masks).max(0)[1]
    inside = masks.gather(0, owner[None])[0] >= 0.5
    areas = torch.stack((_count(owner, torch.ones_like(owner), count),
                         _count(owner, inside.long(), count),
                         (masks >= 0.5).flatten(1).count_nonzero(1)))
    return owner.int(), inside, areas


def _compete(class_logits: Tensor, bands: Iterable[Tensor], is_thing: Tensor,
             overlap_thr: float) -> Candidates:
    """The competition of kept queries for the pixels.

    Args:
        class_logits (Tensor): Of K kept queries, shape [K, C+1], void last.
        bands (Iterable[Tensor]): Of mask logits, [K, h, W] each.
        is_thing (Tensor): bool [C].
        overlap_thr (float): See :func:`panoptic_inference`.
    """
    scores, labels = class_logits.softmax(-1).max(-1)
    things = is_thing[labels]
    owners, insides, areas = zip(*(_claim(scores, band) for band in bands))
    won_area, region_area, mask_area = sum(areas)
    # In double: a share of exactly overlap_thr counts as enough.
    share = won_area.double() / mask_area.double()
    valid = (mask_area > 0) & (region_area > 0) & (share >= overlap_thr)
    ids = merge_stuff(labels, things, valid)
    table = ids.int() if len(ids) else ids.new_zeros(1).int()
    seg_map = table[torch.cat(owners).long()] * torch.cat(insides)
    return Candidates(seg_map, ids, labels, things, scores)


def _count(owner: Tensor, counted: Tensor, size: int) -> Tensor:
    """Pixels of each owner, int64 [size]; bincount() would make a GPU wait."""
    return counted.new_zeros(size).scatter_add_(0, owner.flatten(),
                                                counted.flatten())


def semantic_inference(class_logits: Tensor, mask_logits: Tensor) -> Tensor:
    """Class scores of every pixel, summed over queries.

    Source: DEARLi section 3 (the semantic inference of MaskFormer).

    Args:
        class_logits (Tensor): Shape [Q, C+1], void last.
        mask_logits (Tensor): Shape [Q, H, W].

    Returns:
        Tensor: Non-negative scores (not normalised), shape [C, H, W].
    """
    return torch.einsum('qc,qhw->chw',
                        class_logits.softmax(-1)[:, :-1],
                        mask_logits.sigmoid())
