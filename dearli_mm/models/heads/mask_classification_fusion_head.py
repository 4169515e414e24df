"""Panoptic and semantic results from the predictions of queries."""
from typing import Iterator, List, Sequence, Tuple

import torch
from mmdet.evaluation.functional import INSTANCE_OFFSET
from mmdet.models.seg_heads import MaskFormerFusionHead
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmdet.utils import ConfigType, OptConfigType
from mmengine.structures import PixelData
from torch import Tensor

from dearli_mm.functional import PanopticSegments, semantic_inference
from dearli_mm.functional.inference import (batch_panoptic_inference,
                                            kept_queries,
                                            panoptic_inference_of_bands)
from dearli_mm.functional.resizing import resize_in_bands
from dearli_mm.utils import arguments_of, refuse_unknown

from .settings import check_test_cfg


@MODELS.register_module()
class MaskClassificationFusionHead(MaskFormerFusionHead):
    """Inference of mask classification, as the method defines it.

    Masks are resized as logits, image by image, and those of large images band
    by band: a photo of 24 megapixels takes hardly more memory than its
    results. Source: DEARLi section 3.

    Args:
        num_things_classes (int): Number of thing classes; they come first.
        num_stuff_classes (int): Number of stuff classes.
        test_cfg (dict, optional): ``score_thr`` (0.0), ``overlap_thr`` (0.8),
            ``panoptic_on`` (True), ``semantic_on`` (True), ``void_on`` (True;
            without, every query is of some class, which makes results
            independent of a void embedding that was never trained).
        **kwargs: Of :class:`mmdet.models.MaskFormerFusionHead`.

    Raises:
        ValueError: If a setting is unknown.
    """

    def __init__(self,
                 num_things_classes: int,
                 num_stuff_classes: int,
                 test_cfg: OptConfigType = None,
                 **kwargs) -> None:
        refuse_unknown(kwargs, arguments_of(MaskFormerFusionHead),
                       'panoptic_fusion_head')
        check_test_cfg(test_cfg)
        super().__init__(
            num_things_classes=num_things_classes,
            num_stuff_classes=num_stuff_classes,
            test_cfg=test_cfg or {},
            **kwargs)
        self.set_num_classes(num_things_classes, num_stuff_classes)

    def set_num_classes(self, num_things_classes: int,
                        num_stuff_classes: int) -> None:
        """Change the vocabulary; nothing here is trained for one.

        Raises:
            ValueError: If there are more classes than mmdet can encode.
        """
        num_classes = num_things_classes + num_stuff_classes
        if num_classes >= INSTANCE_OFFSET:
            raise ValueError(
                f'{num_classes} classes: mmdet encodes panoptic maps as '
                f'class + instance * {INSTANCE_OFFSET}, which holds '
                f'{INSTANCE_OFFSET - 1} classes at most')
        self.num_things_classes = num_things_classes
        self.num_stuff_classes = num_stuff_classes
        self.num_classes = num_classes

    def _is_thing(self, device: torch.device) -> Tensor:
        classes = torch.arange(self.num_classes, device=device)
        return classes < self.num_things_classes

    def pseudo_label(self,
                     class_logits: Tensor,
                     mask_logits: Tensor,
                     size: Tuple[int, int],
                     valid_sizes: Sequence[Tuple[int, int]],
                     test_cfg: ConfigType) -> List[PanopticSegments]:
        """Segments of training images; padding belongs to none.

        Args:
            class_logits (Tensor): Shape [B, Q, C+1], void last.
            mask_logits (Tensor): Shape [B, Q, h, w], at stride 4.
            size (tuple[int, int]): Padded size of the images.
            valid_sizes (Sequence[tuple[int, int]]): Size of the part of each
                that is image, at the upper left.
            test_cfg (dict): In place of the head's own.

        Returns:
            list[PanopticSegments]: [H, W].
        """
        return batch_panoptic_inference(
            final_logits(class_logits, test_cfg).float(), mask_logits.float(),
            self._is_thing(class_logits.device), size, valid_sizes,
            test_cfg.get('score_thr', 0.0), test_cfg.get('overlap_thr', 0.8))

    def predict(self,
                mask_cls_results: Tensor,
                mask_pred_results: Tensor,
                batch_data_samples: SampleList,
                rescale: bool = True,
                **kwargs) -> List[dict]:
        """Results of a batch.

        Args:
            mask_cls_results (Tensor): Shape [B, Q, C+1], void last.
            mask_pred_results (Tensor): Shape [B, Q, h, w], at stride 4.
            batch_data_samples (SampleList): Their ``batch_input_shape``,
                ``img_shape`` and ``ori_shape`` tell the sizes.
            rescale (bool): Whether results have the size of the original
                image, else that of the input image. Defaults to True.

        Returns:
            list[dict]: ``panoptic_seg`` (PixelData, ``sem_seg`` int [1, H, W]
            in mmdet's encoding, void = C; its metainfo ``scores`` float [n]
            holds the class probabilities of instances 1..n) and ``sem_seg``
            (PixelData, ``sem_seg`` int64 [1, H, W]) of each image.
        """
        return [
            self._predict_single(class_logits, mask_logits, sample.metainfo,
                                 rescale) for class_logits, mask_logits, sample
            in zip(mask_cls_results, mask_pred_results, batch_data_samples)
        ]

    def _predict_single(self, class_logits: Tensor, mask_logits: Tensor,
                        meta: dict, rescale: bool) -> dict:
        class_logits = final_logits(class_logits, self.test_cfg).float()
        results = {}
        if self.test_cfg.get('panoptic_on', True):
            keep = kept_queries(class_logits,
                                self.test_cfg.get('score_thr', 0.0))
            segments = panoptic_inference_of_bands(
                class_logits[keep],
                result_bands(mask_logits[keep], meta, rescale),
                self._is_thing(class_logits.device),
                self.test_cfg.get('overlap_thr', 0.8))
            results['panoptic_seg'] = PixelData(
                sem_seg=encode_panoptic(segments, self.num_classes)[None],
                metainfo=dict(scores=segments.scores.detach()))
        if self.test_cfg.get('semantic_on', True):
            # All queries have a say, also those that are of no segment.
            classes = [
                semantic_inference(class_logits, masks).max(0, True)[1]
                for masks in result_bands(mask_logits, meta, rescale)
            ]
            results['sem_seg'] = PixelData(sem_seg=torch.cat(classes, 1))
        return results

    def semantic_scores(self, class_logits: Tensor, mask_logits: Tensor,
                        meta: dict) -> Tensor:
        """Class scores of the pixels of an original image, to be averaged.

        Args:
            class_logits (Tensor): Shape [Q, C+1], void last.
            mask_logits (Tensor): Shape [Q, h, w], at stride 4.
            meta (dict): ``batch_input_shape``, ``img_shape``, ``ori_shape``.

        Returns:
            Tensor: Non-negative, not normalised, shape [C, H, W].
        """
        class_logits = final_logits(class_logits, self.test_cfg).float()
        return torch.cat([
            semantic_inference(class_logits, masks)
            for masks in result_bands(mask_logits, meta, rescale=True)
        ], 1)


def final_logits(class_logits: Tensor, test_cfg: ConfigType) -> Tensor:
    """Logits [..., C+1] by which no query is void, unless ``void_on``."""
    if not test_cfg.get('void_on', True):
        class_logits = class_logits.clone()
        class_logits[..., -1] = -torch.inf
    return class_logits


def result_bands(mask_logits: Tensor, meta: dict,
                 rescale: bool) -> Iterator[Tensor]:
    """Mask logits [Q, rows, W] of the result, a band of rows after another."""
    size = meta['ori_shape' if rescale else 'img_shape'][:2]
    # In full precision: sigmoid(16 bits) has few values near 1/2.
    return resize_in_bands(mask_logits.float(), meta['batch_input_shape'],
                           meta['img_shape'][:2], size)


def encode_panoptic(segments: PanopticSegments, num_classes: int) -> Tensor:
    """Segments as mmdet writes them: class + instance * 1000, void = C.

    Args:
        segments (PanopticSegments): Of one image.
        num_classes (int): Number of classes C.

    Returns:
        Tensor: int64 [H, W]; every segment has an instance number of its own.
    """
    ids = torch.arange(
        segments.num_segments, device=segments.labels.device) + 1
    codes = segments.labels + ids * INSTANCE_OFFSET
    table = torch.cat((codes.new_full((1, ), num_classes), codes))
    return table[segments.seg_map.long()]
