"""Reading logits and masks at points."""
from typing import Iterator, Optional

import torch
import torch.nn.functional as F
from torch import Tensor

# Maps that are worked on at one time: as many as the caches of a CPU hold; on
# other devices few launches, and still next to nothing of their memory.
CHUNK_CPU, CHUNK = 16, 64


def sample_logits(logits: Tensor, points: Tensor) -> Tensor:
    """Bilinear values of dense maps at points, zero outside of the map.

    Args:
        logits (Tensor): Shape [N, K, h, w].
        points (Tensor): (x, y) in [0, 1], shape [N, P, 2].

    Returns:
        Tensor: Shape [N, K, P].
    """
    grid = (2 * points.unsqueeze(2)).sub_(1)
    return F.grid_sample(logits, grid, align_corners=False).squeeze(3)


@torch.no_grad()
def uncertain_points(logits: Tensor,
                     num_points: int,
                     oversample_ratio: float = 3.0,
                     importance_sample_ratio: float = 0.75) -> Tensor:
    """Random points of each map, most of them where its sign is in doubt.

    Of ``oversample_ratio * num_points`` uniform candidates those with the
    smallest absolute logit are taken; the rest of the points is uniform. The
    points of a map are independent; maps share their random numbers up to a
    random shift (modulo 1) of each map, which leaves every point uniform.
    Source: PointRend, Mask2Former.

    Args:
        logits (Tensor): Shape [N, h, w].
        num_points (int): Number of points P.
        oversample_ratio (float): Candidates a point, at least 1.
        importance_sample_ratio (float): Share of uncertain points.

    Returns:
        Tensor: (x, y) in [0, 1), shape [N, P, 2].
    """
    num_maps, device = len(logits), logits.device
    num_uncertain = int(importance_sample_ratio * num_points)
    num_candidates = int(oversample_ratio * num_points)
    num_random = num_points - num_uncertain
    drawn = torch.rand(num_candidates + num_random, 2, device=device)
    shift = torch.rand(num_maps, 1, 2, device=device)
    points = logits.new_empty(num_maps, num_points, 2)
    # All candidates of all maps at one time would be the peak of a step.
    for part in _chunks(num_maps, device):
        moved = (drawn + shift[part]).frac_()
        candidates = moved[:, :num_candidates]
        doubt = sample_logits(logits[part].unsqueeze(1), candidates).abs_()
        index = doubt.squeeze(1).topk(
            num_uncertain, largest=False, sorted=False)[1]
        points[part, :num_uncertain] = candidates.gather(
            1, index.unsqueeze(-1).expand(-1, -1, 2))
        points[part, num_uncertain:] = moved[:, num_candidates:]
    return points


def sample_masks(masks: Tensor,
                 points: Tensor,
                 index: Optional[Tensor] = None) -> Tensor:
    """Bilinear values of binary masks at points, zero outside of the mask.

    Source: PointRend, Mask2Former.

    Args:
        masks (Tensor): bool [T, H, W].
        points (Tensor): (x, y) in [0, 1], shape [N, P, 2].
        index (Tensor, optional): int64 [N], the mask that each row of
            points reads. Defaults to row n reading mask n.

    Returns:
        Tensor: float32 in [0, 1], shape [N, P].
    """
    values = points.new_empty(points.shape[:2])
    # There are many masks in full size: few of them as floats at one time.
    for part in _chunks(len(points), points.device):
        some = masks[part if index is None else index[part]]
        values[part] = sample_logits(some.to(points.dtype).unsqueeze(1),
                                     points[part]).squeeze(1)
    return values


def _chunks(count: int, device: torch.device) -> Iterator[slice]:
    step = CHUNK_CPU if device.type == 'cpu' else CHUNK
    return (slice(start, start + step) for start in range(0, count, step))
