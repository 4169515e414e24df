"""The set loss over all predictions of a decoder, on sampled points."""
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

import torch
import torch.nn.functional as F
from mmdet.utils import InstanceList, reduce_mean
from torch import Tensor

from dearli_mm.functional import (Match, hungarian_match, matching_cost,
                                  set_loss)
from dearli_mm.functional.points import (sample_logits, sample_masks,
                                         uncertain_points)

from ..layers import MaskLogits

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


class MatchingCosts(NamedTuple):
    """What pairs of queries and targets of a batch would cost.

    Attributes:
        values (Tensor): Costs [L, B, Q, n]; image b uses the first
            ``counts[b]`` columns.
        counts (list[int]): Number of targets of each image, n at most.
    """
    values: Tensor
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

    def __call__(self,
                 class_logits: List[Tensor],
                 mask_logits: MaskLogits,
                 instances: InstanceList,
                 match: Optional[Match] = None) -> Dict[str, Tensor]:
        """Weighted losses of all predictions.

        Args:
            class_logits (list[Tensor]): L tensors [B, Q, C+1], void last.
            mask_logits (MaskLogits): Of the same predictions.
            instances (list[InstanceData]): ``labels`` int64 [n] and ``masks``
                bool [n, H, W] of each image.
            match (Match, optional): Their pairs, from :meth:`solve`; by
                default they are worked out.

        Returns:
            dict[str, Tensor]: Named as in mmdet: ``loss_cls``, ``loss_mask``,
            ``loss_dice`` of the last prediction, ``d0.loss_cls``, ... of the
            others.
        """
        if match is None:
            match, = self.solve(
                [self.costs(class_logits, mask_logits, instances)])
        targets = gather_targets(instances)
        batch_size, num_queries = class_logits[0].shape[:2]
        with torch.autocast(mask_logits.features.device.type, enabled=False):
            class_logits = torch.stack([c.float() for c in class_logits])
            mask_logits = mask_logits.float()
            num_targets, cls_share = self._normalizers(targets, batch_size,
                                                       num_queries)
            pairs = mask_logits.pairs(
                match, _num_pairs(targets.counts, num_queries))
            points = uncertain_points(
                pairs.detach().flatten(0, 1), self.num_points,
                self.oversample_ratio, self.importance_sample_ratio)
            losses = set_loss(class_logits, pairs, targets.labels,
                              targets.masks, match, points, num_targets,
                              self.void_weight)
        weights = dict(zip(TERMS, self.loss_weights))
        weights['cls'] = weights['cls'] * cls_share
        last = len(class_logits) - 1
        return {
            f'{"" if layer == last else f"d{layer}."}loss_{term}': loss
            for term, weight in weights.items()
            for layer, loss in enumerate((weight *
                                          losses[f'loss_{term}']).unbind())
        }

    @torch.no_grad()
    def costs(self, class_logits: List[Tensor], mask_logits: MaskLogits,
              instances: InstanceList) -> MatchingCosts:
        """What each pair of a query and a target of its image would cost.

        All predictions are compared at the same uniform points, so that the
        targets are read once. The host does not wait for the costs.

        Args:
            class_logits (list[Tensor]): L tensors [B, Q, C+1], void last.
            mask_logits (MaskLogits): Of the same predictions.
            instances (list[InstanceData]): See :meth:`__call__`.

        Returns:
            MatchingCosts: To be solved, with those of other batches.
        """
        targets = gather_targets(instances)
        batch_size, size = len(targets.counts), max(targets.counts)
        device = mask_logits.features.device
        with torch.autocast(device.type, enabled=False):
            points = torch.rand(batch_size, self.num_points, 2, device=device)
            image, column = _rows_and_columns(targets.counts, device)
            labels = targets.labels.new_zeros(batch_size, size)
            labels[image, column] = targets.labels
            target_points = points.new_zeros(batch_size, size, self.num_points)
            target_points[image, column] = sample_masks(
                targets.masks, points[image])
            values = torch.stack([
                matching_cost(logits.float(), sample_logits(masks, points),
                              labels, target_points, self.match_weights)
                for logits, masks in zip(class_logits, mask_logits.float())
            ])
        return MatchingCosts(values, targets.counts)

    @torch.no_grad()
    def solve(self, costs: Sequence[MatchingCosts]) -> List[Match]:
        """Pair predictions with targets, of some batches at once.

        Here the host waits for the device, for all of the costs at once.

        Args:
            costs (Sequence[MatchingCosts]): Of each batch, from
                :meth:`costs`; all of equal L and Q.

        Returns:
            list[Match]: Of each batch, tensors [L, N].
        """
        size = max(own.values.shape[-1] for own in costs)
        values = torch.cat([
            F.pad(own.values, (0, size - own.values.shape[-1]))
            for own in costs
        ], 1)
        matches = hungarian_match(values,
                                  [n for own in costs for n in own.counts])
        image, query, target = map(torch.stack, zip(*matches))
        first_pair = first_image = first_target = 0
        result = []
        for own in costs:
            num_pairs = sum(_num_pairs(own.counts, values.shape[2]))
            pairs = slice(first_pair, first_pair + num_pairs)
            result.append(
                Match(image[:, pairs] - first_image, query[:, pairs],
                      target[:, pairs] - first_target))
            first_pair = pairs.stop
            first_image += len(own.counts)
            first_target += sum(own.counts)
        return result

    def _normalizers(self, targets: Targets, batch_size: int,
                     num_queries: int) -> Tuple[Tensor, Tensor]:
        """What makes the mean over processes that of one large batch.

        Returns:
            tuple[Tensor, Tensor]: Targets a process, averaged over processes,
            at least 1; and the factor of a cross-entropy that was divided by
            the class weights of this process, in place of the mean ones.
        """
        matched = sum(_num_pairs(targets.counts, num_queries))
        void = batch_size * num_queries - matched
        own = torch.tensor(
            [sum(targets.counts), matched + self.void_weight * void],
            dtype=torch.float32)
        # From a list right to a device would be a copy that waits for it.
        own = own.to(targets.labels.device, non_blocking=True)
        num_targets, class_weight = reduce_mean(own)
        return num_targets.clamp(min=1), own[1] / class_weight


def gather_targets(instances: InstanceList) -> Targets:
    """Targets of all images in a row."""
    return Targets(
        torch.cat([gt.labels for gt in instances]),
        torch.cat([gt.masks for gt in instances]).bool(),
        [len(gt.labels) for gt in instances])


def _num_pairs(counts: List[int], num_queries: int) -> List[int]:
    """Targets of each image that get a query."""
    return [min(count, num_queries) for count in counts]


def _rows_and_columns(counts: List[int],
                      device: torch.device) -> Tuple[Tensor, Tensor]:
    """Place of each target in a table with a row an image."""
    places = [(image, column) for image, count in enumerate(counts)
              for column in range(count)]
    places = torch.tensor(places, dtype=torch.int64).view(-1, 2)
    return places.to(device, non_blocking=True).unbind(-1)


def _ordered(weights: Dict[str, float],
             key: str) -> Tuple[float, float, float]:
    if set(weights) != set(TERMS):
        raise ValueError(f'{key} must have the keys {TERMS}, but has '
                         f'{tuple(weights)}')
    return tuple(float(weights[term]) for term in TERMS)
