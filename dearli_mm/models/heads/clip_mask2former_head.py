"""Mask2Former's head with a text classifier in place of a linear one."""
import math
from typing import Dict, List, NamedTuple, Optional, Tuple

import torch
import torch.nn.functional as F
from mmdet.models.dense_heads import Mask2FormerHead
from mmdet.models.utils import get_uncertain_point_coords_with_randomness
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmdet.utils import ConfigType, InstanceList, OptConfigType, reduce_mean
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData
from torch import Tensor, nn

from dearli_mm.functional import (class_logits, geometric_ensemble,
                                  hungarian_match, mask_pool, matching_cost,
                                  set_loss)
from dearli_mm.functional.mask_pooling import resize_logits
from dearli_mm.functional.points import sample_logits, sample_masks
from dearli_mm.models.backbones import OpenCLIPBackbone
from dearli_mm.models.clip import parse_classes

LOSS_NAMES = ('loss_cls', 'loss_mask', 'loss_dice')


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


@MODELS.register_module()
class CLIPMask2FormerHead(Mask2FormerHead):
    """The CLIP-assisted mask classification head.

    Pixel decoder and mask decoder are mmdet's. Each query gets an embedding
    by an MLP, and its class logits are cosines with the text classifier (and
    a learnable void embedding). For prediction the logits can be mixed with
    CLIP's zero-shot opinion of the masks. No parameter depends on the
    classes, so checkpoints move between vocabularies. It works on any
    backbone. Source: DEARLi section 3.1.

    Args:
        text_classifier (dict): Config of a :class:`CLIPTextClassifier`.
        num_things_classes (int): Number of thing classes; they come first.
        num_stuff_classes (int): Number of stuff classes.
        loss_weights (dict): Weights ``cls``, ``mask`` and ``dice`` of the
            losses. Defaults to 2, 5, 5.
        match_weights (dict, optional): Weights of the matching costs.
            Defaults to those of the losses.
        void_weight (float): Weight of void in the cross-entropy. Defaults to
            0.1.
        train_cfg (dict, optional): ``num_points`` (12544),
            ``oversample_ratio`` (3.0), ``importance_sample_ratio`` (0.75).
        test_cfg (dict, optional): ``alpha`` (0.4), weight of the zero-shot
            classifier, 0 turns it off; ``ensemble_on_valid_masks`` (False),
            whether queries with an empty mask leave the ensemble.
        **kwargs: Of :class:`mmdet.models.Mask2FormerHead` (``in_channels``,
            ``feat_channels``, ``out_channels``, ``num_queries``,
            ``pixel_decoder``, ``transformer_decoder``, ...).

    Raises:
        ValueError: If the number of class prompts is not that of the classes.
    """

    def __init__(self,
                 text_classifier: ConfigType,
                 num_things_classes: int,
                 num_stuff_classes: int,
                 *,
                 feat_channels: int = 256,
                 loss_weights: Dict[str, float] = dict(cls=2., mask=5.,
                                                       dice=5.),
                 match_weights: Optional[Dict[str, float]] = None,
                 void_weight: float = 0.1,
                 train_cfg: OptConfigType = None,
                 test_cfg: OptConfigType = None,
                 **kwargs) -> None:
        num_classes = num_things_classes + num_stuff_classes
        num_prompts = len(parse_classes(text_classifier['classes']))
        if num_prompts != num_classes:
            raise ValueError(
                f'text_classifier.classes names {num_prompts} classes, but '
                f'num_things_classes={num_things_classes} and '
                f'num_stuff_classes={num_stuff_classes} make {num_classes}; '
                'give one line of synonyms for each class of the dataset, '
                'things first')
        super().__init__(
            feat_channels=feat_channels,
            num_things_classes=num_things_classes,
            num_stuff_classes=num_stuff_classes,
            # The base class wants loss modules; ours are functions of
            # functional.set_criterion, which treat all images at once.
            loss_cls=ConfigDict(
                type='CrossEntropyLoss', class_weight=[1.0] * num_classes),
            test_cfg=test_cfg or {},
            **_config_dicts(kwargs))
        del self.loss_cls, self.loss_mask, self.loss_dice, self.class_weight
        self.text_classifier = MODELS.build(text_classifier)
        embed_dims = self.text_classifier.embed_dims
        self.cls_embed = nn.Sequential(
            nn.Linear(feat_channels, feat_channels), nn.ReLU(inplace=True),
            nn.Linear(feat_channels, feat_channels), nn.ReLU(inplace=True),
            nn.Linear(feat_channels, embed_dims))
        self.void_embedding = nn.Embedding(1, embed_dims)
        self.logit_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))

        self.loss_weights = _ordered(loss_weights, 'loss_weights')
        self.match_weights = _ordered(match_weights or loss_weights,
                                      'match_weights')
        self.void_weight = void_weight
        self.train_cfg = train_cfg or {}
        self.num_points = self.train_cfg.get('num_points', 12544)
        self.oversample_ratio = self.train_cfg.get('oversample_ratio', 3.0)
        self.importance_sample_ratio = self.train_cfg.get(
            'importance_sample_ratio', 0.75)

    @property
    def is_thing(self) -> Tensor:
        """Tensor: bool [C], things first."""
        index = torch.arange(self.num_classes, device=self.logit_scale.device)
        return index < self.num_things_classes

    def forward(
        self,
        x: Tuple[Tensor, ...],
        batch_data_samples: Optional[SampleList] = None
    ) -> Tuple[List[Tensor], List[Tensor]]:
        """In-vocabulary class logits and mask logits of every prediction.

        Args:
            x (tuple[Tensor]): Backbone features, each [B, C_i, H_i, W_i].
            batch_data_samples (SampleList, optional): Not used.

        Returns:
            tuple[list[Tensor], list[Tensor]]: For each prediction (first
            that on the learnable queries) logits [B, Q, C+1], void last, and
            mask logits [B, Q, h, w] at stride 4.
        """
        embeds, masks = super().forward(x, batch_data_samples)
        return list(self.classify(torch.stack(embeds))), masks

    def classify(self, embeds: Tensor) -> Tensor:
        """In-vocabulary logits [..., C+1] of embeddings [..., D], in fp32."""
        with torch.autocast(embeds.device.type, enabled=False):
            return class_logits(embeds.float(), self._text_rows(),
                                self.logit_scale,
                                self.text_classifier.num_synonyms)

    def _text_rows(self) -> Tensor:
        return self.text_classifier(self.void_embedding.weight)

    # ------------------------------------------------------------ training

    def loss_by_feat(self, all_cls_scores: List[Tensor],
                     all_mask_preds: List[Tensor],
                     batch_gt_instances: InstanceList,
                     batch_img_metas: List[dict]) -> Dict[str, Tensor]:
        """Set losses of all predictions.

        Args:
            all_cls_scores (list[Tensor]): L logits, each [B, Q, C+1].
            all_mask_preds (list[Tensor]): L mask logits, each [B, Q, h, w].
            batch_gt_instances (list[InstanceData]): ``labels`` int64 [n] and
                ``masks`` bool [n, H, W] (all segments, stuff as well).
            batch_img_metas (list[dict]): Not used.

        Returns:
            dict[str, Tensor]: Weighted losses, named as in mmdet:
            ``loss_cls``, ``loss_mask``, ``loss_dice`` of the last prediction,
            ``d0.loss_cls``, ... of the others.
        """
        targets = Targets(
            torch.cat([gt.labels for gt in batch_gt_instances]),
            torch.cat([gt.masks for gt in batch_gt_instances]).bool(),
            [len(gt.labels) for gt in batch_gt_instances])
        device_type = all_mask_preds[0].device.type
        with torch.autocast(device_type, enabled=False):
            logits = [scores.float() for scores in all_cls_scores]
            masks = [mask.float() for mask in all_mask_preds]
            matches = hungarian_match(
                torch.stack([
                    self._matching_cost(*prediction, targets)
                    for prediction in zip(logits, masks)
                ]), targets.counts)
            normaliser = self._num_targets(targets)
            layers = [
                set_loss(layer_logits, layer_masks, targets.labels,
                         targets.masks, match,
                         self._loss_points(layer_masks, match), normaliser,
                         self.void_weight)
                for layer_logits, layer_masks, match in zip(
                    logits, masks, matches)
            ]
        return {
            f'{prefix}{name}': weight * layer[name]
            for prefix, layer in zip(self._layer_prefixes(len(layers)), layers)
            for name, weight in zip(LOSS_NAMES, self.loss_weights)
        }

    @staticmethod
    def _layer_prefixes(num_layers: int) -> List[str]:
        return [f'd{index}.' for index in range(num_layers - 1)] + ['']

    @torch.no_grad()
    def _matching_cost(self, logits: Tensor, mask_logits: Tensor,
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

    @staticmethod
    def _num_targets(targets: Targets) -> Tensor:
        """Targets a process, averaged over processes, at least 1."""
        count = targets.labels.new_tensor([sum(targets.counts)]).float()
        return reduce_mean(count).clamp(min=1)[0]

    def preprocess_gt(self, batch_gt_instances: InstanceList,
                      batch_gt_semantic_segs: list) -> InstanceList:
        """Join things and stuff of the ground truth.

        Args:
            batch_gt_instances (list[InstanceData]): Things: ``labels`` and
                ``masks`` (BitmapMasks).
            batch_gt_semantic_segs (list[PixelData | None]): Class maps
                [1, H, W]; stuff is taken of them.

        Returns:
            list[InstanceData]: ``labels`` int64 [n] and ``masks`` bool
            [n, H, W]; segments without a pixel are left out.
        """
        return [
            self._join_things_and_stuff(things, semantic) for things, semantic
            in zip(batch_gt_instances, batch_gt_semantic_segs)
        ]

    def _join_things_and_stuff(self, things: InstanceData,
                               semantic) -> InstanceData:
        labels = things.labels
        masks = things.masks.to_tensor(torch.bool, labels.device)
        if semantic is not None:
            class_map = semantic.sem_seg[0].to(labels.device)
            present = class_map.unique().long()
            stuff = present[(present >= self.num_things_classes)
                            & (present < self.num_classes)]
            stuff_masks = class_map == stuff.view(-1, 1, 1)
            labels = torch.cat((labels, stuff))
            masks = torch.cat((masks, stuff_masks))
        seen = masks.flatten(1).any(1)
        return InstanceData(labels=labels[seen], masks=masks[seen])

    # ---------------------------------------------------------- prediction

    def predict(
            self,
            x: Tuple[Tensor, ...],
            batch_data_samples: Optional[SampleList] = None,
            clip: Optional[OpenCLIPBackbone] = None,
            clip_features: Optional[Tensor] = None) -> Tuple[Tensor, Tensor]:
        """Final class logits and mask logits of the queries.

        Args:
            x (tuple[Tensor]): Backbone features.
            batch_data_samples (SampleList, optional): Not used.
            clip (OpenCLIPBackbone, optional): The CLIP of the zero-shot
                branch; without it the branch is off.
            clip_features (Tensor, optional): Its dense features,
                [B, C5, H, W].

        Returns:
            tuple[Tensor, Tensor]: Class logits [B, Q, C+1], void last
            (log-probabilities if the zero-shot branch is on), and mask
            logits [B, Q, h, w] at stride 4.
        """
        embeds, masks = super().forward(x, batch_data_samples)
        logits, mask_logits = self.classify(embeds[-1]), masks[-1]
        alpha = self.test_cfg.get('alpha', 0.4)
        if clip is None or alpha == 0:
            return logits, mask_logits
        with torch.autocast(logits.device.type, enabled=False):
            zero_shot = self._zero_shot_logits(clip, clip_features.float(),
                                               mask_logits.float())
            valid = None
            if self.test_cfg.get('ensemble_on_valid_masks', False):
                small = resize_logits(mask_logits, clip_features.shape[-2:])
                valid = (small > 0).flatten(2).any(-1)
            return geometric_ensemble(logits, zero_shot, alpha,
                                      valid), mask_logits

    def _zero_shot_logits(self, clip: OpenCLIPBackbone, features: Tensor,
                          mask_logits: Tensor) -> Tensor:
        pooled = clip.embed(mask_pool(features, mask_logits))
        return class_logits(pooled, self._text_rows(), clip.logit_scale,
                            self.text_classifier.num_synonyms)


def _ordered(weights: Dict[str, float],
             key: str) -> Tuple[float, float, float]:
    names = ('cls', 'mask', 'dice')
    if set(weights) != set(names):
        raise ValueError(f'{key} must have the keys {names}, but has '
                         f'{tuple(weights)}')
    return tuple(float(weights[name]) for name in names)


def _config_dicts(kwargs: dict) -> dict:
    """mmdet's head reads nested configs by attribute."""
    return {
        key: ConfigDict(value) if isinstance(value, dict) else value
        for key, value in kwargs.items()
    }


def _rows_and_columns(counts: List[int],
                      device: torch.device) -> Tuple[Tensor, Tensor]:
    """Place of each target in a table with a row an image."""
    table = F.one_hot(torch.tensor(counts), max(counts) + 1).cumsum(1) == 0
    image, column = table.nonzero(as_tuple=True)
    return image.to(device), column.to(device)
