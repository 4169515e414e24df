"""Test-time augmentation of panoptic and semantic results."""
from typing import Dict, List, Sequence, Union

import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample, SampleList
from mmengine.model import BaseTTAModel
from mmengine.structures import InstanceData, PixelData
from torch import Tensor, nn

from dearli_mm.functional.tta import View, align_masks, merge_queries, unflip

from .detectors import CLIPMask2Former, DEARLi
from .heads import MaskProposalFusionHead

# Probabilities of masks, kept away from infinite logits.
EPS = 1e-6


@MODELS.register_module()
class PanopticTTAModel(BaseTTAModel):
    """Merges what a network says of scaled and flipped views of an image.

    The first view is the one to which the others are compared, so it must not
    be flipped. The class scores of pixels are averaged over the views; the
    panoptic result is that of the first view's queries, each averaged with
    the queries of other views that show the same (see
    :func:`~dearli_mm.functional.tta.merge_queries`). Student and teacher are
    treated apart, each as ``semi_test_cfg.predict_on`` has it. The paper
    uses none.

    Args:
        module (dict | nn.Module): A :class:`DEARLi` or a
            :class:`CLIPMask2Former`.
        data_preprocessor (dict, optional): In place of the module's.
        iou_thr (float): Least IoU of masks that show the same. Defaults to
            0.5.

    Raises:
        ValueError: If the network predicts no classes, or ``iou_thr`` is out
            of range.
    """

    def __init__(self,
                 module: Union[dict, nn.Module],
                 data_preprocessor: Union[dict, nn.Module, None] = None,
                 iou_thr: float = 0.5) -> None:
        if not 0 < iou_thr <= 1:
            raise ValueError(
                f'tta_model.iou_thr={iou_thr} is not in (0, 1]')
        super().__init__(module, data_preprocessor)
        self.iou_thr = iou_thr
        for network in self._networks().values():
            if isinstance(network.panoptic_fusion_head,
                          MaskProposalFusionHead):
                raise ValueError(
                    'PanopticTTAModel merges panoptic and semantic results, '
                    'but the panoptic_fusion_head of this network makes '
                    'class-agnostic proposals; test it without --tta')

    def _networks(self) -> Dict[str, CLIPMask2Former]:
        """Networks to ask, under the prefixes of their results."""
        if not isinstance(self.module, DEARLi):
            return {'pred': self.module}
        if self.module.predict_on == 'both':
            return {
                'pred': self.module.student,
                'teacher': self.module.teacher
            }
        return {'pred': getattr(self.module, self.module.predict_on)}

    def test_step(self, data: Dict[str, list]) -> SampleList:
        """Results of a batch of views.

        Args:
            data (dict): ``inputs`` and ``data_samples``, of each view a list
                over the images.

        Returns:
            SampleList: One sample per image, with results at its original
            size: ``pred_panoptic_seg`` and ``pred_sem_seg``, and
            ``teacher_...`` if both networks are asked.
        """
        views = [{key: value[index]
                  for key, value in data.items()}
                 for index in range(len(data['inputs']))]
        return self.merge_preds(list(zip(*map(self._predict_view, views))))

    def _predict_view(self, view: Dict[str, list]) -> SampleList:
        """Samples of one view with the queries of each network."""
        view = self.module.data_preprocessor(view, False)
        for prefix, network in self._networks().items():
            queries = network.predict_queries(view['inputs'])
            for sample, logits, masks in zip(view['data_samples'], *queries):
                setattr(sample, f'{prefix}_queries',
                        InstanceData(logits=logits, masks=masks))
        return view['data_samples']

    def merge_preds(
            self,
            data_samples_list: List[Sequence[DetDataSample]]) -> SampleList:
        """Merge the views of each image.

        Args:
            data_samples_list (list[Sequence[DetDataSample]]): Of each image
                the samples of its views, with the queries of each network.

        Returns:
            SampleList: Those of the first views, with the results.
        """
        for samples in data_samples_list:
            for prefix, network in self._networks().items():
                results = self._merge(
                    network, samples,
                    [sample.pop(f'{prefix}_queries') for sample in samples])
                for name, value in results.items():
                    setattr(samples[0], f'{prefix}_{name}', value)
        return [samples[0] for samples in data_samples_list]

    def _merge(self, network: CLIPMask2Former,
               samples: Sequence[DetDataSample],
               queries: List[InstanceData]) -> Dict[str, PixelData]:
        """Results of one network on one image."""
        views = [_view_of(sample) for sample in samples]
        # Its grid is that of the result.
        if views[0].flip is not None:
            raise ValueError(
                'tta_pipeline: the first view is flipped; put '
                "dict(type='RandomFlip', prob=0.) before the other flips")
        fusion_head = network.panoptic_fusion_head
        logits, masks = self._merged_queries(views, queries)
        results, = fusion_head.predict(logits[None], masks[None], samples[:1])
        # Classes of pixels need no pairs of queries: scores are averaged.
        if 'sem_seg' in results:
            scores = sum(
                unflip(
                    fusion_head.semantic_scores(query.logits, query.masks,
                                                sample.metainfo), view.flip)
                for query, sample, view in zip(queries, samples, views))
            results['sem_seg'] = PixelData(
                sem_seg=scores.argmax(0, keepdim=True))
        return results

    def _merged_queries(self, views: List[View],
                        queries: List[InstanceData]) -> List[Tensor]:
        """Class and mask logits, those masks at the first view's stride 4."""
        base = queries[0].masks
        masks = [base] + [
            align_masks(query.masks, view, views[0], base.shape[-2:])
            for query, view in zip(queries[1:], views[1:])
        ]
        class_probs, mask_probs = merge_queries(
            [query.logits.softmax(-1) for query in queries],
            [mask.sigmoid() for mask in masks], self.iou_thr)
        return [
            class_probs.clamp(min=torch.finfo(class_probs.dtype).tiny).log(),
            mask_probs.logit(EPS)
        ]


def _view_of(sample: DetDataSample) -> View:
    meta = sample.metainfo
    if 'flip' not in meta:
        raise KeyError(
            "tta_pipeline: the views do not tell whether they are flipped; "
            "PackDetInputs needs 'flip' and 'flip_direction' in meta_keys")
    return View(
        tuple(meta['batch_input_shape']), tuple(meta['img_shape'][:2]),
        meta['flip_direction'] if meta['flip'] else None)
