"""Class-agnostic mask proposals from the predictions of queries."""
from typing import List

import torch
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmengine.structures import InstanceData
from torch import Tensor

from dearli_mm.functional.proposals import mask_scores

from .mask_classification_fusion_head import (MaskClassificationFusionHead,
                                              result_bands)


@MODELS.register_module()
class MaskProposalFusionHead(MaskClassificationFusionHead):
    """The masks of all queries, best first, whatever their class.

    In place of panoptic and semantic results, for networks whose classifier
    is not trained. Masks are ranked by
    :func:`~dearli_mm.functional.proposals.mask_scores`.

    Args:
        num_things_classes (int): Number of thing classes.
        num_stuff_classes (int): Number of stuff classes.
        test_cfg (dict, optional): ``max_per_img`` (100), number of proposals.
        **kwargs: Of :class:`MaskClassificationFusionHead`.
    """

    def predict(self,
                mask_cls_results: Tensor,
                mask_pred_results: Tensor,
                batch_data_samples: SampleList,
                rescale: bool = True,
                **kwargs) -> List[dict]:
        """Proposals of a batch.

        Args:
            mask_cls_results (Tensor): Not used.
            mask_pred_results (Tensor): Mask logits [B, Q, h, w], at stride 4.
            batch_data_samples (SampleList): Their ``batch_input_shape``,
                ``img_shape`` and ``ori_shape`` tell the sizes.
            rescale (bool): Whether masks have the size of the original
                image, else that of the input image. Defaults to True.

        Returns:
            list[dict]: ``instances`` (InstanceData) of each image: ``masks``
            bool [k, H, W], ``scores`` float [k] in [0, 1], decreasing,
            ``labels`` int64 [k], all 0.
        """
        return [
            dict(
                instances=self._proposals(mask_logits.float(),
                                          sample.metainfo, rescale))
            for mask_logits, sample in zip(mask_pred_results,
                                           batch_data_samples)
        ]

    def _proposals(self, mask_logits: Tensor, meta: dict,
                   rescale: bool) -> InstanceData:
        padded_height, padded_width = meta['batch_input_shape']
        height, width = meta['img_shape'][:2]
        # Scored where there is image, at the size of the logits.
        scores = mask_scores(
            mask_logits[:, :-(-height * mask_logits.shape[1] //
                              padded_height), :-(-width * mask_logits.shape[2]
                                                 // padded_width)])
        scores, order = scores.sort(descending=True, stable=True)
        order = order[:self.test_cfg.get('max_per_img', 100)]
        masks = [band > 0
                 for band in result_bands(mask_logits[order], meta, rescale)]
        return InstanceData(
            masks=torch.cat(masks, 1),
            scores=scores[:len(order)],
            labels=torch.zeros_like(order))
