"""Mask2Former's head with a text classifier in place of a linear one."""
import math
from typing import Dict, List, Optional, Tuple

import torch
from mmdet.models.dense_heads import Mask2FormerHead
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmdet.utils import ConfigType, InstanceList, OptConfigType
from mmengine.config import ConfigDict
from torch import Tensor, nn

from dearli_mm.functional import class_logits, geometric_ensemble
from dearli_mm.functional.resizing import resize_logits
from dearli_mm.models.backbones import OpenCLIPBackbone
from dearli_mm.models.clip import parse_classes
from dearli_mm.models.layers import MaskLogits
from dearli_mm.models.losses import criterion_config
from dearli_mm.utils import arguments_of, refuse_unknown

from .panoptic_targets import targets_of_samples
from .query_decoder_head import QueryDecoderHead
from .settings import check_test_cfg

# Parameters that a class-agnostic warm-up does not train.
CLASSIFIER = ('cls_embed.', 'void_embedding.', 'logit_scale')


@MODELS.register_module()
class CLIPMask2FormerHead(QueryDecoderHead):
    """The CLIP-assisted mask classification head.

    Pixel decoder and mask decoder are mmdet's. Each query gets an embedding by
    an MLP, and its class logits are cosines with the text classifier (and a
    learnable void embedding). For prediction the logits can be mixed with
    CLIP's zero-shot opinion of the masks. No parameter depends on the
    classes, so checkpoints move between vocabularies. It works on any
    backbone. Source: DEARLi section 3.1.

    Args:
        text_classifier (dict): Config of a :class:`CLIPTextClassifier`.
        num_things_classes (int): Number of thing classes; they come first.
        num_stuff_classes (int): Number of stuff classes.
        loss_weights (dict, optional): Weights ``cls``, ``mask`` and ``dice``
            of the losses. Defaults to 2, 5, 5.
        match_weights (dict, optional): Weights of the matching costs.
            Defaults to those of the losses.
        void_weight (float, optional): Weight of void in the cross-entropy.
            Defaults to 0.1.
        loss_cls, loss_mask, loss_dice (dict, optional): mmdet's way to say
            the same; see :func:`~dearli_mm.models.losses.criterion_config`.
        train_cfg (dict, optional): ``num_points`` (12544),
            ``oversample_ratio`` (3.0), ``importance_sample_ratio`` (0.75),
            and mmdet's ``assigner`` (its weights are those of the matching).
        criterion (dict, optional): Config of another criterion; it gets the
            settings above. Defaults to a :class:`SetCriterion`.
        test_cfg (dict, optional): ``alpha`` (0.4), weight of the zero-shot
            classifier, 0 turns it off; ``ensemble_on_valid_masks`` (False),
            whether queries with an empty mask leave the ensemble.
        with_cp (bool): See :class:`QueryDecoderHead`.
        **kwargs: Of :class:`mmdet.models.Mask2FormerHead` (``in_channels``,
            ``feat_channels``, ``out_channels``, ``num_queries``,
            ``pixel_decoder``, ``transformer_decoder``, ...).

    Raises:
        ValueError: If the number of class prompts is not that of the classes,
            or a setting is unknown.
    """

    def __init__(self,
                 text_classifier: ConfigType,
                 num_things_classes: int,
                 num_stuff_classes: int,
                 *,
                 feat_channels: int = 256,
                 loss_weights: Optional[Dict[str, float]] = None,
                 match_weights: Optional[Dict[str, float]] = None,
                 void_weight: Optional[float] = None,
                 loss_cls: OptConfigType = None,
                 loss_mask: OptConfigType = None,
                 loss_dice: OptConfigType = None,
                 criterion: OptConfigType = None,
                 train_cfg: OptConfigType = None,
                 test_cfg: OptConfigType = None,
                 with_cp: bool = False,
                 **kwargs) -> None:
        refuse_unknown(
            kwargs, arguments_of(Mask2FormerHead, CLIPMask2FormerHead),
            'panoptic_head')
        check_test_cfg(test_cfg)
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
            # The base class wants loss modules; ours is the criterion.
            loss_cls=ConfigDict(
                type='CrossEntropyLoss', class_weight=[1.0] * num_classes),
            test_cfg=test_cfg or {},
            with_cp=with_cp,
            # mmdet's head reads nested configs by attribute.
            **ConfigDict(kwargs))
        del self.loss_cls, self.loss_mask, self.loss_dice, self.class_weight
        self.text_classifier = MODELS.build(text_classifier)
        embed_dims = self.text_classifier.embed_dims
        self.cls_embed = nn.Sequential(
            nn.Linear(feat_channels, feat_channels), nn.ReLU(),
            nn.Linear(feat_channels, feat_channels), nn.ReLU(),
            nn.Linear(feat_channels, embed_dims))
        self.void_embedding = nn.Embedding(1, embed_dims)
        self.logit_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))

        self.criterion = MODELS.build(
            criterion_config(criterion, loss_weights, match_weights,
                             void_weight, loss_cls, loss_mask, loss_dice,
                             train_cfg))

    def init_weights(self) -> None:
        """Initialise; the text classifier is made before the first step."""
        super().init_weights()
        self.text_classifier.init_weights()

    def forward(
        self,
        x: Tuple[Tensor, ...],
        batch_data_samples: Optional[SampleList] = None
    ) -> Tuple[List[Tensor], MaskLogits]:
        """In-vocabulary class logits and mask logits of every prediction.

        Args:
            x (tuple[Tensor]): Backbone features, each [B, C_i, H_i, W_i].
            batch_data_samples (SampleList, optional): Not used.

        Returns:
            tuple[list[Tensor], MaskLogits]: For each prediction (first
            that on the learnable queries) logits [B, Q, C+1], void last, and
            mask logits [B, Q, h, w] at stride 4.
        """
        queries, masks = self.decode(x)
        return list(self.classify(self.cls_embed(queries))), masks

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
                     all_mask_preds: MaskLogits,
                     batch_gt_instances: InstanceList,
                     batch_img_metas: List[dict],
                     void_weight: Optional[float] = None
                     ) -> Dict[str, Tensor]:
        """Set losses of all predictions.

        Args:
            all_cls_scores (list[Tensor]): L logits, each [B, Q, C+1].
            all_mask_preds (MaskLogits): L mask logits, each [B, Q, h, w].
            batch_gt_instances (list[InstanceData]): ``labels`` int64 [n] and
                ``masks`` bool [n, H, W] (all segments, stuff as well).
            batch_img_metas (list[dict]): Not used.
            void_weight (float, optional): In place of the criterion's own.

        Returns:
            dict[str, Tensor]: Weighted losses, named as in mmdet:
            ``loss_cls``, ``loss_mask``, ``loss_dice`` of the last prediction,
            ``d0.loss_cls``, ... of the others.
        """
        return self.criterion(all_cls_scores, all_mask_preds,
                              batch_gt_instances, void_weight)

    def targets(self, batch_data_samples: SampleList) -> InstanceList:
        """What labelled images teach; see :func:`panoptic_targets`."""
        return targets_of_samples(batch_data_samples, self.num_things_classes,
                                  self.num_classes)

    def loss(self, x: Tuple[Tensor, ...],
             batch_data_samples: SampleList) -> Dict[str, Tensor]:
        """Set losses of labelled images.

        Args:
            x (tuple[Tensor]): Backbone features, each [B, C_i, H_i, W_i].
            batch_data_samples (SampleList): With ground truth.

        Returns:
            dict[str, Tensor]: See :meth:`loss_by_feat`.
        """
        return self.loss_by_feat(*self(x), self.targets(batch_data_samples),
                                 [])

    # ---------------------------------------------------------- prediction

    def predict(
            self,
            x: Tuple[Tensor, ...],
            batch_data_samples: Optional[SampleList] = None,
            clip: Optional[OpenCLIPBackbone] = None,
            clip_features: Optional[Tensor] = None,
            test_cfg: OptConfigType = None) -> Tuple[Tensor, Tensor]:
        """Final class logits and mask logits of the queries.

        Args:
            x (tuple[Tensor]): Backbone features.
            batch_data_samples (SampleList, optional): Not used.
            clip (OpenCLIPBackbone, optional): The CLIP of the zero-shot
                branch; without it the branch is off.
            clip_features (Tensor, optional): Its dense features,
                [B, C5, H, W].
            test_cfg (dict, optional): In place of the head's own.

        Returns:
            tuple[Tensor, Tensor]: Class logits [B, Q, C+1], void last
            (log-probabilities if the zero-shot branch is on), and mask
            logits [B, Q, h, w] at stride 4.
        """
        queries, masks = self.decode(x)
        logits = self.classify(self.cls_embed(queries[-1]))
        mask_logits = masks[-1].float()
        test_cfg = self.test_cfg if test_cfg is None else test_cfg
        alpha = test_cfg.get('alpha', 0.4)
        if clip is None or alpha == 0:
            return logits, mask_logits
        with torch.autocast(logits.device.type, enabled=False):
            zero_shot = self._zero_shot_logits(clip, clip_features.float(),
                                               mask_logits)
            valid = None
            if test_cfg.get('ensemble_on_valid_masks', False):
                small = resize_logits(mask_logits, clip_features.shape[-2:])
                valid = (small > 0).flatten(2).any(-1)
            return geometric_ensemble(logits, zero_shot, alpha,
                                      valid), mask_logits

    def _zero_shot_logits(self, clip: OpenCLIPBackbone, features: Tensor,
                          mask_logits: Tensor) -> Tensor:
        return class_logits(clip.embed_masks(features, mask_logits),
                            self._text_rows(), clip.logit_scale,
                            self.text_classifier.num_synonyms)
