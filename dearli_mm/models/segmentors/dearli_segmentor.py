"""One of DEARLi's networks as a segmentor of MMSegmentation."""
from typing import Dict, List, NoReturn, Tuple

import torch
from mmdet.registry import MODELS as MMDET_MODELS
from mmengine.registry import DefaultScope
from mmengine.structures import PixelData
from mmseg.models.segmentors import BaseSegmentor
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from mmseg.utils import (ConfigType, OptConfigType, OptMultiConfig,
                         OptSampleList, SampleList)
from torch import Tensor

from ..detectors.teacher import NETWORKS, weights_of_network


@MODELS.register_module()
class DEARLiSegmentor(BaseSegmentor):
    """Evaluates a trained panoptic network with MMSegmentation's tools.

    It loads a checkpoint of :class:`DEARLi` (of which it takes one network),
    of a :class:`CLIPMask2Former`, or its own. The class of a pixel is that of
    :class:`PanopticMetric`'s mIoU: masks are resized as logits, to the
    original size, and then summed over queries. Source: DEARLi section 3.

    Args:
        detector (dict): Config of a :class:`CLIPMask2Former`: ``detector`` of
            the model that was trained.
        network (str): ``'student'`` (default) or ``'teacher'``, if the
            checkpoint has both.
        data_preprocessor (dict, optional): mmseg's ``SegDataPreProcessor``,
            with the normalisation of training and
            ``test_cfg=dict(size_divisor=32)``.
        init_cfg (dict, optional): Of mmengine.

    Raises:
        ValueError: If ``network`` is none of its choices.
    """

    def __init__(self,
                 detector: ConfigType,
                 network: str = 'student',
                 data_preprocessor: OptConfigType = None,
                 init_cfg: OptMultiConfig = None) -> None:
        if network not in NETWORKS:
            raise ValueError(f'network={network!r} is none of {NETWORKS}')
        super().__init__(
            data_preprocessor=data_preprocessor, init_cfg=init_cfg)
        self.network = network
        with DefaultScope.overwrite_default_scope('mmdet'):
            self.detector = MMDET_MODELS.build(
                dict(detector, data_preprocessor=self.data_preprocessor))

    def extract_feat(self, inputs: Tensor) -> Tuple[Tensor, ...]:
        """Features of the backbone, strides 4, 8, 16, 32."""
        return self.detector.extract_feat(inputs)

    def encode_decode(self, inputs: Tensor,
                      batch_img_metas: List[dict]) -> Tensor:
        """Class scores at the size of the input.

        Args:
            inputs (Tensor): Normalised images, shape [B, 3, H, W].
            batch_img_metas (list[dict]): Not used.

        Returns:
            Tensor: Non-negative scores, shape [B, C, H, W].
        """
        whole = self._blank_samples(inputs)
        return torch.stack(self._scores(inputs, whole))

    def predict(self,
                inputs: Tensor,
                data_samples: OptSampleList = None) -> SampleList:
        """Semantic results at the original size.

        Args:
            inputs (Tensor): Normalised images, shape [B, 3, H, W].
            data_samples (SampleList, optional): Their samples.

        Returns:
            SampleList: The samples with ``pred_sem_seg`` (``data`` int64
            [1, H, W]) and ``seg_logits`` (``data`` [C, H, W], non-negative
            scores).
        """
        if data_samples is None:
            data_samples = self._blank_samples(inputs)
        for sample, scores in zip(data_samples,
                                  self._scores(inputs, data_samples)):
            # mmseg merges the views of --tta upright.
            if sample.get('flip', False):
                horizontal = sample.flip_direction == 'horizontal'
                scores = scores.flip(-1 if horizontal else -2)
            sample.seg_logits = PixelData(data=scores)
            sample.pred_sem_seg = PixelData(
                data=scores.argmax(0, keepdim=True))
        return data_samples

    def loss(self, inputs: Tensor, data_samples: SampleList) -> NoReturn:
        """Not here: the network is trained as a panoptic one."""
        raise NotImplementedError(
            'DEARLiSegmentor only evaluates. Train its detector with `mim '
            'train mmdet`, or a purely semantic network with '
            'CLIPMask2FormerDecodeHead; see docs/mmsegmentation.md')

    def _forward(self,
                 inputs: Tensor,
                 data_samples: OptSampleList = None
                 ) -> Tuple[Tensor, Tensor]:
        """Class logits [B, Q, C+1] and mask logits [B, Q, h, w]."""
        return self.detector.predict_queries(inputs)

    def _scores(self, inputs: Tensor,
                data_samples: SampleList) -> List[Tensor]:
        """Class scores [C, H, W] of each image, at the original size."""
        fusion_head = self.detector.panoptic_fusion_head
        size = inputs.shape[-2:]
        return [
            fusion_head.semantic_scores(
                class_logits, mask_logits,
                dict(sample.metainfo, batch_input_shape=size))
            for class_logits, mask_logits, sample in zip(
                *self._forward(inputs), data_samples)
        ]

    @staticmethod
    def _blank_samples(inputs: Tensor) -> SampleList:
        size = tuple(inputs.shape[-2:])
        return [
            SegDataSample(metainfo=dict(img_shape=size, ori_shape=size))
            for _ in inputs
        ]

    def _load_from_state_dict(self, state_dict: Dict[str, Tensor], prefix: str,
                              *args) -> None:
        """Accept the checkpoint of a training run."""
        # Of mmdet's training there are two networks; here is one.
        own = f'{prefix}detector.'
        if not any(key.startswith(own) for key in state_dict):
            weights = {
                key[len(prefix):]: state_dict.pop(key)
                for key in list(state_dict) if key.startswith(prefix)
            }
            state_dict.update({
                own + name: value for name, value in weights_of_network(
                    weights, self.network).items()
            })
        super()._load_from_state_dict(state_dict, prefix, *args)
