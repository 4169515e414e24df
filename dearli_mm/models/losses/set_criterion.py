"""The set loss over all predictions of a decoder, on sampled points."""
import logging
from typing import Dict, List, NamedTuple, Optional, Tuple

import torch
from mmdet.registry import MODELS
from mmdet.utils import InstanceList, reduce_mean
from mmengine.logging import print_log
from torch import Tensor, nn

from dearli_mm.functional import (Match, hungarian_match, matching_cost,
                                  set_loss)
from dearli_mm.functional.points import (sample_logits, sample_masks,
                                         uncertain_points)

from ..layers import MaskLogits

TERMS = ('cls', 'mask', 'dice')
WEIGHTS = dict(cls=2., mask=5., dice=5.)


class _Targets(NamedTuple):
    """Targets of all images of a batch in a row."""
    labels: Tensor  # int64 [T]
    masks: Tensor  # bool [T, H, W]
    counts: List[int]  # number of targets of each image


@MODELS.register_module()
class SetCriterion(nn.Module):
    """Matches predictions with targets and compares them.

    Draws the points, weighs the terms and averages over processes; the
    mathematics is in :mod:`dearli_mm.functional.set_criterion`. All images of
    a batch are treated at once, in fp32, and the matchings of all predictions
    are solved after one transfer to the CPU. Source: DEARLi section 3.2 (the
    loss of Mask2Former).

    Args:
        loss_weights (dict): Weights ``cls``, ``mask`` and ``dice``. Defaults
            to 2, 5, 5.
        match_weights (dict, optional): Weights of the matching costs.
            Defaults to those of the losses.
        void_weight (float): Weight of void in the cross-entropy. Defaults to
            0.1.
        num_points (int): Points per mask. Defaults to 12544.
        oversample_ratio (float): Candidates drawn for each point of the loss.
            Defaults to 3.
        importance_sample_ratio (float): Share of the loss's points that are
            the most uncertain candidates; the rest is uniform. Defaults to
            0.75.

    Raises:
        ValueError: If the weights have other keys.
    """

    def __init__(self,
                 loss_weights: Dict[str, float] = WEIGHTS,
                 match_weights: Optional[Dict[str, float]] = None,
                 void_weight: float = 0.1,
                 num_points: int = 12544,
                 oversample_ratio: float = 3.0,
                 importance_sample_ratio: float = 0.75) -> None:
        super().__init__()
        self.loss_weights = _ordered(loss_weights, 'loss_weights')
        self.match_weights = _ordered(match_weights or loss_weights,
                                      'match_weights')
        self.void_weight = void_weight
        self.num_points = num_points
        self.oversample_ratio = oversample_ratio
        self.importance_sample_ratio = importance_sample_ratio
        self._told_most = 0

    def forward(self, class_logits: List[Tensor], mask_logits: MaskLogits,
                instances: InstanceList,
                void_weight: Optional[float] = None) -> Dict[str, Tensor]:
        """Weighted losses of all predictions.

        Args:
            class_logits (list[Tensor]): L tensors [B, Q, C+1], void last.
            mask_logits (MaskLogits): Of the same predictions.
            instances (list[InstanceData]): ``labels`` int64 [n] and ``masks``
                bool [n, H, W] of each image.
            void_weight (float, optional): In place of the criterion's own.

        Returns:
            dict[str, Tensor]: Named as in mmdet: ``loss_cls``, ``loss_mask``,
            ``loss_dice`` of the last prediction, ``d0.loss_cls``, ... of the
            others.
        """
        targets = _Targets(
            torch.cat([gt.labels for gt in instances]),
            torch.cat([gt.masks for gt in instances]).bool(),
            [len(gt.labels) for gt in instances])
        self._tell_unmatched(max(targets.counts), class_logits[0].shape[1])
        # Sums over thousands of points lose bits in half precision.
        with torch.autocast(mask_logits.features.device.type, enabled=False):
            logits = torch.stack([layer.float() for layer in class_logits])
            losses = self._losses(
                logits, mask_logits.float(), targets,
                self.void_weight if void_weight is None else void_weight)
        return {
            f'{"" if layer == len(logits) - 1 else f"d{layer}."}{name}': loss
            for name, values in losses.items()
            for layer, loss in enumerate(values.unbind())
        }

    def _tell_unmatched(self, count: int, num_queries: int) -> None:
        """Say that queries are too few, and how many would do, so far."""
        if count > max(num_queries, self._told_most):
            self._told_most = count
            print_log(
                f'an image has {count} segments for num_queries={num_queries} '
                'of the panoptic head: those that no query is left for are '
                f'not learnt. Set num_queries to {count} or more',
                'current', logging.WARNING)

    def _losses(self, class_logits: Tensor, mask_logits: MaskLogits,
                targets: _Targets, void_weight: float) -> Dict[str, Tensor]:
        """Weighted ``loss_cls``, ``loss_mask``, ``loss_dice``, each [L]."""
        # Targets of each image that get a query.
        num_pairs = [min(count, class_logits.shape[2])
                     for count in targets.counts]
        match = self.match(class_logits, mask_logits, targets)
        pairs = mask_logits.pairs(match, num_pairs)
        points = uncertain_points(pairs.detach().flatten(0, 1),
                                  self.num_points, self.oversample_ratio,
                                  self.importance_sample_ratio)
        num_targets, cls_share = self._normalizers(
            targets, class_logits.shape[1] * class_logits.shape[2],
            sum(num_pairs), void_weight)
        losses = set_loss(class_logits, pairs, targets.labels, targets.masks,
                          match, points, num_targets, void_weight)
        # Its own normaliser is a weighted count that differs between
        # processes.
        losses['loss_cls'] = losses['loss_cls'] * cls_share
        return {
            f'loss_{term}': weight * losses[f'loss_{term}']
            for term, weight in zip(TERMS, self.loss_weights)
        }

    @torch.no_grad()
    def match(self, class_logits: Tensor, mask_logits: MaskLogits,
              targets: _Targets) -> Match:
        """Pairs of all predictions, tensors [L, N].

        All predictions are compared at the same uniform points, so that the
        targets are read once.
        """
        batch_size, device = len(targets.counts), class_logits.device
        points = torch.rand(batch_size, self.num_points, 2, device=device)
        image, column = _places(targets.counts, device)
        # Padded to the image with most targets: the costs of all images are
        # one tensor, and go to the host in one transfer.
        size = max(targets.counts)
        labels = targets.labels.new_zeros(batch_size, size)
        labels[image, column] = targets.labels
        target_points = points.new_zeros(batch_size, size, self.num_points)
        target_points[image, column] = sample_masks(targets.masks,
                                                    points[image])
        costs = torch.stack([
            matching_cost(logits, sample_logits(masks, points), labels,
                          target_points, self.match_weights)
            for logits, masks in zip(class_logits, mask_logits)
        ])
        matches = hungarian_match(costs, targets.counts)
        return Match(*map(torch.stack, zip(*matches)))

    def _normalizers(self, targets: _Targets, num_queries: int,
                     num_pairs: int,
                     void_weight: float) -> Tuple[Tensor, Tensor]:
        """What makes the mean over processes that of one large batch.

        Returns:
            tuple[Tensor, Tensor]: Targets per process, averaged over
            processes, at least 1; and the factor of a cross-entropy that was
            divided by the class weights of this process, in place of the mean
            ones.
        """
        void = num_queries - num_pairs
        own = torch.tensor(
            [sum(targets.counts), num_pairs + void_weight * void],
            dtype=torch.float32)
        own = own.to(targets.labels.device, non_blocking=True)
        num_targets, class_weight = reduce_mean(own)
        tiny = torch.finfo(class_weight.dtype).tiny  # nothing has a weight
        return num_targets.clamp(min=1), own[1] / class_weight.clamp(min=tiny)


def _places(counts: List[int],
            device: torch.device) -> Tuple[Tensor, Tensor]:
    """Image of each target, and its number there: int64 [T] each."""
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
