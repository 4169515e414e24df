"""Choosing a few vectors that stand for all."""
from typing import List, Sequence

import torch
from torch import Tensor


def choose_covering_images(features: Tensor,
                           count: int,
                           already: Sequence[int] = (),
                           batch: int = 512) -> List[int]:
    """The images to which all others are most similar, one after the other.

    Greedy facility location: each choice is the one that most raises the sum
    over all images of the similarity to the nearest chosen one. The first is
    therefore the most typical image, an outlier covers little but itself,
    and the double of a chosen image adds nothing. Greedy choices reach at
    least 63 % of the best possible sum (Nemhauser et al., 1978).

    Args:
        features (Tensor): Of unit length, shape [N, D].
        count (int): Images to choose besides those of ``already``.
        already (Sequence[int]): Images that are chosen anyway.
        batch (int): Candidates that are looked at together; changes memory
            and time, not the result. Defaults to 512.

    Returns:
        list[int]: Indices in the order of choice; of equals the first. It is
        shorter than ``count`` only if there are fewer images.
    """
    nearest = nearest_similarity(features, already)
    bound = torch.cat([_gains(features, part, nearest)
                       for part in torch.arange(len(features)).split(batch)])
    bound[list(already)] = -1
    chosen: List[int] = []
    for _ in range(min(count, len(features) - len(set(already)))):
        fresh = torch.zeros(len(features), dtype=torch.bool)
        # A gain only shrinks as more is chosen, so that an old one is a bound.
        while not fresh[best := int(bound.argmax())]:
            stale = torch.where(fresh, -2, bound).topk(
                min(batch, len(bound))).indices
            stale = stale[~fresh[stale] & (bound[stale] >= 0)]
            bound[stale] = _gains(features, stale, nearest)
            fresh[stale] = True
        chosen.append(best)
        bound[best] = -1
        nearest = torch.maximum(nearest, features @ features[best])
    return chosen


def choose_distant_images(features: Tensor,
                          count: int,
                          already: Sequence[int] = ()) -> List[int]:
    """The images that are farthest from the chosen ones, one after the other.

    Greedy k-centre: no image is farther from the nearest chosen one than
    twice what is possible (Gonzalez, 1985). It takes outliers first. Without
    ``already`` it starts from the most typical image.

    Args:
        features (Tensor): Of unit length, shape [N, D].
        count (int): Images to choose besides those of ``already``.
        already (Sequence[int]): Images that are chosen anyway.

    Returns:
        list[int]: Indices in the order of choice, as above.
    """
    chosen = [] if already else choose_covering_images(features, min(count, 1))
    taken = [*already, *chosen]
    nearest = nearest_similarity(features, taken)
    while len(chosen) < min(count, len(features) - len(set(already))):
        nearest[taken] = 2
        taken.append(int(nearest.argmin()))
        chosen.append(taken[-1])
        nearest = torch.maximum(nearest, features @ features[taken[-1]])
    return chosen


def nearest_similarity(features: Tensor, chosen: Sequence[int]) -> Tensor:
    """Similarity of each image to the nearest chosen one.

    Args:
        features (Tensor): Of unit length, shape [N, D].
        chosen (Sequence[int]): Indices.

    Returns:
        Tensor: Cosines -1..1, shape [N]; -1 if nothing is chosen.
    """
    if not chosen:
        return features.new_full((len(features), ), -1.0)
    return (features @ features[list(chosen)].T).amax(1)


def _gains(features: Tensor, candidates: Tensor, nearest: Tensor) -> Tensor:
    """What each candidate adds to the sum, at least 0, shape [len]."""
    similarity = features[candidates] @ features.T
    return (similarity - nearest).clamp(min=0).sum(1)
