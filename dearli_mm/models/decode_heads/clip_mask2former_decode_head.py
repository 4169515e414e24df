"""The CLIP-assisted head as a decode head of MMSegmentation."""
from typing import Dict, List, Tuple

import torch
from mmdet.structures.mask import BitmapMasks
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData, PixelData
from mmseg.registry import MODELS
from mmseg.utils import ConfigType, SampleList
from torch import Tensor

from dearli_mm.functional import semantic_inference
from dearli_mm.functional.resizing import resize_logits

from ..heads import CLIPMask2FormerHead
from ..heads.panoptic_targets import panoptic_targets


@MODELS.register_module()
class CLIPMask2FormerDecodeHead(CLIPMask2FormerHead):
    """:class:`CLIPMask2FormerHead` for mmseg's ``EncoderDecoder``.

    For purely semantic training: every class of an image is one target. The
    zero-shot branch is off, since a decode head sees features, but not the
    CLIP that they come from.

    Args:
        num_classes (int): Number of classes.
        align_corners (bool): How ``EncoderDecoder`` resizes scores to the
            original size. Defaults to False.
        ignore_index (int): Label that is no class; nor is any from
            ``num_classes`` on. Defaults to 255.
        **kwargs: Of :class:`CLIPMask2FormerHead`; modules of mmdet need no
            prefix.

    Raises:
        ValueError: If the usual ignored label is a class.
    """

    def __init__(self,
                 num_classes: int,
                 align_corners: bool = False,
                 ignore_index: int = 255,
                 **kwargs) -> None:
        if ignore_index == 255 < num_classes:
            raise ValueError(
                f'ignore_index=255 is a class of num_classes={num_classes}: '
                'choose another, here and in the pipeline')
        with DefaultScope.overwrite_default_scope('mmdet'):
            super().__init__(
                num_things_classes=0, num_stuff_classes=num_classes, **kwargs)
        self.align_corners = align_corners
        self.ignore_index = ignore_index
        self.out_channels = num_classes  # what EncoderDecoder means by it

    def loss(self, x: Tuple[Tensor, ...], batch_data_samples: SampleList,
             train_cfg: ConfigType) -> Dict[str, Tensor]:
        """Set losses of all predictions.

        Args:
            x (tuple[Tensor]): Backbone features, each [B, C_i, H_i, W_i].
            batch_data_samples (SampleList): ``gt_sem_seg`` of each image.
            train_cfg (dict): Not used; the head has its own.

        Returns:
            dict[str, Tensor]: See :meth:`CLIPMask2FormerHead.loss_by_feat`.
        """
        class_maps = [sample.gt_sem_seg.data for sample in batch_data_samples]
        # Ignored pixels are of no class.
        class_maps = [
            class_map.masked_fill(class_map == self.ignore_index,
                                  self.num_classes)
            for class_map in class_maps
        ]
        targets = panoptic_targets(
            [_no_things(class_map) for class_map in class_maps],
            [PixelData(sem_seg=class_map) for class_map in class_maps],
            0, self.num_classes)
        return self.loss_by_feat(*self(x), targets, [])

    def predict(self, x: Tuple[Tensor, ...], batch_img_metas: List[dict],
                test_cfg: ConfigType) -> Tensor:
        """Class scores at the size of the input.

        Args:
            x (tuple[Tensor]): Backbone features.
            batch_img_metas (list[dict]): ``pad_shape`` or ``img_shape`` tells
                the size of the input.
            test_cfg (dict): Not used.

        Returns:
            Tensor: Non-negative scores, shape [B, C, H, W].
        """
        class_logits, mask_logits = super().predict(x)
        meta = batch_img_metas[0]
        size = meta.get('pad_shape', meta['img_shape'])[:2]
        masks = resize_logits(mask_logits.float(), size)
        return torch.stack([
            semantic_inference(*queries)
            for queries in zip(class_logits, masks)
        ])


def _no_things(class_map: Tensor) -> InstanceData:
    return InstanceData(
        labels=class_map.new_zeros(0, dtype=torch.long),
        masks=BitmapMasks([], *class_map.shape[-2:]))
