"""Bipartite matching and the set loss of one decoder prediction."""
from typing import Dict, List, NamedTuple, Tuple

import torch
import torch.nn.functional as F
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from .points import sample_logits, sample_masks


class Match(NamedTuple):
    """Matched pairs of a batch, by image, then by query.

    Attributes:
        image (Tensor): int64 [N], image of each pair.
        query (Tensor): int64 [N], query within the image.
        target (Tensor): int64 [N], target among those of the whole batch
            (targets of all images in a row).
    """
    image: Tensor
    query: Tensor
    target: Tensor


def matching_cost(class_logits: Tensor, mask_points: Tensor, labels: Tensor,
                  target_points: Tensor,
                  weights: Tuple[float, float, float]) -> Tensor:
    """Cost of giving each target to each query.

    ``w_cls * (-probability) + w_mask * BCE + w_dice * dice`` on sampled
    points. Source: Mask2Former, DEARLi section 3.2.

    Args:
        class_logits (Tensor): Shape [..., Q, C+1], void last.
        mask_points (Tensor): Mask logits at the points, shape [..., Q, P].
        labels (Tensor): int64 [..., n], classes of the targets.
        target_points (Tensor): Targets at the same points, in [0, 1],
            shape [..., n, P].
        weights (tuple[float, float, float]): Of class, mask and dice cost.

    Returns:
        Tensor: Shape [..., Q, n].
    """
    num_queries, num_points = mask_points.shape[-2:]
    probability = class_logits.softmax(-1).gather(
        -1,
        labels.unsqueeze(-2).expand(*labels.shape[:-1], num_queries,
                                    labels.shape[-1]))
    targets_t = target_points.transpose(-1, -2)
    sigmoid = mask_points.sigmoid()
    # BCE of logit x and target t is softplus(x) - x * t; and softplus(x) is
    # max(x, 0) - log(sigmoid(|x|)), several times as fast.
    softplus = (mask_points.clamp(min=0) -
                torch.maximum(sigmoid, 1 - sigmoid).log_()).sum(-1, True)
    bce = softplus - mask_points @ targets_t
    total = sigmoid.sum(-1, keepdim=True) + target_points.sum(-1).unsqueeze(-2)
    dice = 1 - (2 * (sigmoid @ targets_t) + 1) / (total + 1)
    w_cls, w_mask, w_dice = weights
    return w_dice * dice + w_mask * bce / num_points - w_cls * probability


def hungarian_match(costs: Tensor, num_targets: List[int]) -> List[Match]:
    """Solve the assignments of all predictions and images.

    The costs go to the CPU in one transfer, and the pairs come back in one.

    Args:
        costs (Tensor): Shape [L, B, Q, n_max]; image b uses the first
            ``num_targets[b]`` columns.
        num_targets (list[int]): Number of targets of each of B images.

    Returns:
        list[Match]: One of each of L predictions; all have the same number
        of pairs, sum of min(Q, n_b).
    """
    num_layers = costs.shape[0]
    # The solver refuses NaN; the losses will be NaN as well, and tell of it.
    costs_cpu = costs.detach().float().nan_to_num().cpu().numpy()
    start = torch.tensor([0] + num_targets).cumsum(0).tolist()
    pairs = [(image, query, start[image] + target)
             for layer in range(num_layers)
             for image, count in enumerate(num_targets)
             for query, target in zip(*linear_sum_assignment(
                 costs_cpu[layer, image, :, :count]))]
    pairs = torch.tensor(pairs, dtype=torch.int64).view(num_layers, -1, 3)
    pairs = pairs.to(costs.device, non_blocking=True)
    return [Match(*pairs[layer].unbind(-1)) for layer in range(num_layers)]


def set_loss(class_logits: Tensor, mask_logits: Tensor, labels: Tensor,
             masks: Tensor, match: Match, points: Tensor,
             num_targets: float, void_weight: float) -> Dict[str, Tensor]:
    """Losses of one prediction of a batch, or of L at once, not yet weighted.

    Cross-entropy of all queries (void for unmatched ones), binary
    cross-entropy and dice of matched masks at points. Source: DEARLi
    section 3.2 (the loss of Mask2Former).

    Args:
        class_logits (Tensor): Shape [B, Q, C+1] or [L, B, Q, C+1], void last.
        mask_logits (Tensor): Of one prediction, shape [B, Q, h, w], or of the
            matched pairs alone, shape [N, h, w] or [L, N, h, w].
        labels (Tensor): int64 [T], targets of all images in a row.
        masks (Tensor): bool [T, H, W].
        match (Match): N matched pairs, tensors [N] or [L, N].
        points (Tensor): (x, y) in [0, 1], shape [N, P, 2], [L * N, P, 2] or
            [1, P, 2].
        num_targets (float): Normaliser of the mask losses.
        void_weight (float): Weight of void in the cross-entropy.

    Returns:
        dict[str, Tensor]: ``loss_cls``, ``loss_mask``, ``loss_dice``: scalars
        or [L].
    """
    predictions = class_logits.shape[:-3]
    if mask_logits.dim() > class_logits.dim():
        mask_logits = mask_logits[match.image, match.query]
    mask_logits = mask_logits.reshape(-1, 1, *mask_logits.shape[-2:])
    points = points.expand(len(mask_logits), -1, -1)
    targets = sample_masks(masks, points, match.target.flatten())
    logits = sample_logits(mask_logits, points).squeeze(1)
    # BCE of logit x and target t is softplus(x) - x * t.
    bce = (F.softplus(logits) - logits * targets).mean(-1)
    sigmoid = logits.sigmoid()
    dice = 1 - (2 * (sigmoid * targets).sum(-1) + 1) / (
        sigmoid.sum(-1) + targets.sum(-1) + 1)
    return dict(
        loss_cls=_class_loss(class_logits, labels, match, void_weight),
        loss_mask=bce.view(*predictions, -1).sum(-1) / num_targets,
        loss_dice=dice.view(*predictions, -1).sum(-1) / num_targets)


def _class_loss(class_logits: Tensor, labels: Tensor, match: Match,
                void_weight: float) -> Tensor:
    """Cross-entropy of each prediction, a mean weighted by class."""
    num_queries, void = class_logits.shape[-2], class_logits.shape[-1] - 1
    classes = labels.new_full(class_logits.shape[:-1], void).flatten(-2)
    classes = classes.scatter(-1, match.image * num_queries + match.query,
                              labels[match.target])
    class_weight = class_logits.new_ones(void + 1)
    class_weight[void] = void_weight
    loss = F.cross_entropy(
        class_logits.flatten(0, -2),
        classes.flatten(),
        class_weight,
        reduction='none')
    # Of queries that are all void, where that has no weight, the mean is 0.
    total = class_weight[classes].sum(-1).clamp(
        min=torch.finfo(class_weight.dtype).tiny)
    return loss.view(classes.shape).sum(-1) / total
