"""The set loss over all predictions of a decoder, on sampled points."""
from typing import Dict, List, NamedTuple, Optional, Tuple

import torch
import torch.nn.functional as F
from mmdet.models.utils import get_uncertain_point_coords_with_randomness
from mmdet.utils import InstanceList, reduce_mean
from torch import Tensor

from dearli_mm.functional import hungarian_match, matching_cost, set_loss
from dearli_mm.functional.points import sample_logits, sample_masks

TERMS = ('cls', 'mask', 'dice')


class Targets(NamedTuple):
    """Targets of a batch, those of all images in a row.

    Attributes:
        labels (Tensor): int64 [T].
        masks (Tensor): bool [T, H, W].
        counts (list[int]): Number of targets of each image.
    """
    labels: Tensor
    masks: Tensor
    counts: List[int]


class SetCriterion:
    """Matches predictions with targets and compares them.

    Draws the points, weighs the terms and averages over processes; the
    mathematics is in :mod:`dearli_mm.functional.set_criterion`. All images of
    a batch are treated at once, in fp32, and the matchings of all predictions
    are solved after one transfer to the CPU. Source: DEARLi section 3.2 (the
    loss of Mask2Former).

    Args:
        loss_weights (dict): Weights ``cls``, ``mask`` and ``dice``.
        match_weights (dict, optional): Weights of the matching costs.
            Defaults to those of the losses.
        void_weight (float): Weight of void in the cross-entropy.
        num_points (int): Points a mask.
        oversample_ratio (float): Candidates drawn for each point of the loss.
        importance_sample_ratio (float): Share of the loss's points that are
            the most uncertain candidates; the rest is uniform.

    Raises:
        ValueError: If the weights have other keys.
    """

    def __init__(self,
                 loss_weights: Dict[str, float],
                 match_weights: Optional[Dict[str, float]] = None,
                 void_weight: float = 0.1,
                 num_points: int = 12544,
                 oversample_ratio: float = 3.0,
                 importance_sample_ratio: float = 0.75) -> None:
        self.loss_weights = _ordered(loss_weights, 'loss_weights')
        self.match_weights = _ordered(match_weights or loss_weights,
                                      'match_weights')
        self.void_weight = void_weight
        self.num_points = num_points
        self.oversample_ratio = oversample_ratio
        self.importance_sample_ratio = importance_sample_ratio

    def __call__(self, class_logits: List[Tensor], mask_logits: List[Tensor],
                 instances: InstanceList) -> Dict[str, Tensor]:
        """Weighted losses of all predictions.

        Args:
            class_logits (list[Tensor]): L tensors [B, Q, C+1], void last.
            mask_logits (list[Tensor]): L tensors [B, Q, h, w].
            instances (list[InstanceData]): ``labels`` int64 [n] and ``masks``
                bool [n, H, W] of each image.

        Returns:
            dict[str, Tensor]: Named as in mmdet: ``loss_cls``, ``loss_mask``,
            ``loss_dice`` of the last prediction, ``d0.loss_cls``, ... of the
            others.
        """
        targets = Targets(
            torch.cat([gt.labels for gt in instances]),
            torch.cat([gt.masks for gt in instances]).bool(),
            [len(gt.labels) for gt in instances])
        with torch.autocast(mask_logits[0].device.type, enabled=False):
            predictions = [(logits.float(), masks.float())
                           for logits, masks in zip(class_logits, mask_logits)]
            matches = hungarian_match(
                torch.stack([
                    self._cost(logits, masks, targets)
                    for logits, masks in predictions
                ]), targets.counts)
            num_targets = _averaged_count(targets)
            layers = [
                set_loss(logits, masks, targets.labels, targets.masks, match,
                         self._loss_points(masks, match), num_targets,
                         self.void_weight)
                for (logits, masks), match in zip(predictions, matches)
            ]
        prefixes = [f'd{index}.' for index in range(len(layers) - 1)] + ['']
        return {
            f'{prefix}loss_{term}': weight * layer[f'loss_{term}']
            for prefix, layer in zip(prefixes, layers)
            for term, weight in zip(TERMS, self.loss_weights)
        }

    @torch.no_grad()
    def _cost(self, logits: Tensor, mask_logits: Tensor,
              targets: Targets) -> Tensor:
        """Cost [B, Q, n_max] of one prediction at fresh uniform points."""
        batch_size, size = len(targets.counts), max(targets.counts)
        points = torch.rand(
            batch_size, self.num_points, 2, device=mask_logits.device)
        image, column = _rows_and_columns(targets.counts, points.device)
        labels = targets.labels.new_zeros(batch_size, size)
        labels[image, column] = targets.labels
        target_points = points.new_zeros(batch_size, size, self.num_points)
        target_points[image, column] = sample_masks(targets.masks,
                                                    points[image])
        return matching_cost(logits, sample_logits(mask_logits, points),
                             labels, target_points, self.match_weights)

    @torch.no_grad()
    def _loss_points(self, mask_logits: Tensor, match) -> Tensor:
        """Points [N, P, 2] of the mask losses, mostly at uncertain places."""
        pairs = mask_logits[match.image, match.query].unsqueeze(1)
        if len(pairs) == 0:
            return pairs.new_zeros(0, self.num_points, 2)
        return get_uncertain_point_coords_with_randomness(
            pairs, None, self.num_points, self.oversample_ratio,
            self.importance_sample_ratio)


def _averaged_count(targets: Targets) -> Tensor:
    """Targets a process, averaged over processes, at least 1."""
    count = targets.labels.new_tensor([sum(targets.counts)]).float()
    return reduce_mean(count).clamp(min=1)[0]


def _rows_and_columns(counts: List[int],
                      device: torch.device) -> Tuple[Tensor, Tensor]:
    """Place of each target in a table with a row an image."""
    table = F.one_hot(torch.tensor(counts), max(counts) + 1).cumsum(1) == 0
    image, column = table.nonzero(as_tuple=True)
    return image.to(device), column.to(device)


def _ordered(weights: Dict[str, float],
             key: str) -> Tuple[float, float, float]:
    if set(weights) != set(TERMS):
        raise ValueError(f'{key} must have the keys {TERMS}, but has '
                         f'{tuple(weights)}')
    return tuple(float(weights[term]) for term in TERMS)
