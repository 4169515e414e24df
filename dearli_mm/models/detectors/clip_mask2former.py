"""One network of DEARLi: Mask2Former with CLIP's classifier."""
import copy
from typing import Dict, Optional, Tuple

from mmdet.models.detectors import Mask2Former
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmdet.utils import ConfigType, OptConfigType, OptMultiConfig
from mmengine.config import ConfigDict
from torch import Tensor, nn

from dearli_mm.utils import ChecksLosses

from ..backbones import OpenCLIPBackbone
from ..backbones.channels import check_in_channels
from ..clip import parse_classes
from ..clip.class_prompts import Classes
from ..pixel_norm import norm_of_preprocessor, renormalize

Stages = Dict[nn.Module, Tuple[Tensor, ...]]  # of image towers


@MODELS.register_module()
class CLIPMask2Former(ChecksLosses, Mask2Former):
    """Panoptic segmenter with CLIP-assisted classification.

    The zero-shot branch takes CLIP's features from the backbone if that is a
    CLIP, else from ``zero_shot_clip``; without either it is off.

    Args:
        backbone (dict): Config of the backbone.
        neck (dict, optional): Config of a neck.
        panoptic_head (dict): Config of a :class:`CLIPMask2FormerHead`. Where
            its text classifier names no CLIP, it uses that of the backbone
            (or of ``zero_shot_clip``).
        panoptic_fusion_head (dict): Config of a
            :class:`MaskClassificationFusionHead`.
        zero_shot_clip (dict, optional): Config of an
            :class:`OpenCLIPBackbone` beside a backbone that is none. It gets
            the images of ``data_preprocessor``, normalised anew for it.
        train_cfg (dict, optional): Of the head.
        test_cfg (dict, optional): Of head and fusion head.
        data_preprocessor (dict, optional): Of mmdet. As a part of
            :class:`DEARLi` the network has that of the whole.
        init_cfg (dict, optional): Of mmengine.

    Raises:
        KeyError: If nobody has registered the backbone.
        ValueError: If CLIP and text classifier differ in width, no CLIP embeds
            the names, or the head's ``in_channels`` are not the backbone's.
    """

    def __init__(self,
                 backbone: ConfigType,
                 panoptic_head: ConfigType,
                 panoptic_fusion_head: ConfigType,
                 neck: OptConfigType = None,
                 zero_shot_clip: OptConfigType = None,
                 train_cfg: OptConfigType = None,
                 test_cfg: OptConfigType = None,
                 data_preprocessor: OptConfigType = None,
                 init_cfg: OptMultiConfig = None) -> None:
        _check_registered(backbone)
        super().__init__(
            backbone=backbone,
            neck=neck,
            panoptic_head=_with_clip_of(panoptic_head, zero_shot_clip
                                        or backbone),
            panoptic_fusion_head=ConfigDict(panoptic_fusion_head),
            train_cfg=train_cfg,
            test_cfg=test_cfg,
            data_preprocessor=data_preprocessor,
            init_cfg=init_cfg)
        if zero_shot_clip is not None:
            self.zero_shot_clip = MODELS.build(zero_shot_clip)
            self._image_norm = norm_of_preprocessor(self.data_preprocessor)
        check_in_channels(self, panoptic_head['in_channels'])
        text_width = self.panoptic_head.text_classifier.embed_dims
        if self.clip is not None and self.clip.embed_dims != text_width:
            raise ValueError(
                f'{self.clip.model_name!r} embeds images in '
                f'{self.clip.embed_dims} dimensions, but '
                f'panoptic_head.text_classifier embeds classes in '
                f'{text_width}; use one CLIP for both')

    @property
    def clip(self) -> Optional[OpenCLIPBackbone]:
        """OpenCLIPBackbone | None: The CLIP of the zero-shot branch."""
        if hasattr(self, 'zero_shot_clip'):
            return self.zero_shot_clip
        if isinstance(self.backbone, OpenCLIPBackbone):
            return self.backbone
        return None

    def set_classes(self, classes: Classes, num_things_classes: int) -> None:
        """Change the vocabulary: no weight depends on the classes.

        Args:
            classes (Sequence[str] | Mapping | str): Names with synonyms,
                things first; see
                :func:`~dearli_mm.models.clip.parse_classes`.
            num_things_classes (int): How many of them are things.

        Raises:
            ValueError: If a name is empty, or there are too many classes.
        """
        num_classes = len(parse_classes(classes))
        num_stuff_classes = num_classes - num_things_classes
        self.panoptic_fusion_head.set_num_classes(num_things_classes,
                                                  num_stuff_classes)
        head = self.panoptic_head
        head.num_things_classes = num_things_classes
        head.num_stuff_classes = num_stuff_classes
        head.num_classes = num_classes
        # Another network may share the classifier, and keeps its vocabulary.
        head.text_classifier = copy.deepcopy(head.text_classifier)
        head.text_classifier.set_classes(classes)

    def predict_queries(
            self,
            batch_inputs: Tensor,
            test_cfg: OptConfigType = None,
            stages: Optional[Stages] = None) -> Tuple[Tensor, Tensor]:
        """Class logits and mask logits of the queries.

        Args:
            batch_inputs (Tensor): Normalised images, shape [B, 3, H, W].
            test_cfg (dict, optional): In place of the head's own.
            stages (dict, optional): Outputs of image towers for these very
                images; what is missing is added, so that networks that share
                a tower can share its work.

        Returns:
            tuple[Tensor, Tensor]: [B, Q, C+1], void last, after the ensemble
            if there is a CLIP, and mask logits [B, Q, H/4, W/4].
        """
        stages = {} if stages is None else stages
        if self.backbone not in stages:
            stages[self.backbone] = self.backbone(batch_inputs)
        x = stages[self.backbone]
        x = self.neck(x) if self.with_neck else x
        clip_features = None
        # The zero-shot branch sees the last stage; a CLIP that is the backbone
        # has made it already.
        if self.clip is not None:
            if self.clip not in stages:
                stages[self.clip] = self.clip(
                    renormalize(batch_inputs, self._image_norm,
                                self.clip.pixel_norm))
            clip_features = self.clip.dense_features(stages[self.clip][-1])
        return self.panoptic_head.predict(
            x,
            clip=self.clip,
            clip_features=clip_features,
            test_cfg=test_cfg)

    def predict(self,
                batch_inputs: Tensor,
                batch_data_samples: SampleList,
                rescale: bool = True,
                stages: Optional[Stages] = None) -> SampleList:
        """Panoptic and semantic results.

        Args:
            batch_inputs (Tensor): Normalised images, shape [B, 3, H, W].
            batch_data_samples (SampleList): Their data samples.
            rescale (bool): Whether results have the original size. Defaults
                to True.
            stages (dict, optional): See :meth:`predict_queries`.

        Returns:
            SampleList: The samples with ``pred_panoptic_seg`` and
            ``pred_sem_seg``; see :class:`MaskClassificationFusionHead`.
        """
        results = self.panoptic_fusion_head.predict(
            *self.predict_queries(batch_inputs, stages=stages),
            batch_data_samples,
            rescale=rescale)
        for sample, result in zip(batch_data_samples, results):
            for name, value in result.items():
                setattr(sample, f'pred_{name}', value)
        return batch_data_samples


def _check_registered(backbone: ConfigType) -> None:
    """Say how a backbone of another package becomes known."""
    kind = backbone['type']
    if isinstance(kind, str) and MODELS.get(kind) is None:
        scope = kind.partition('.')[0] if '.' in kind else 'its_package'
        raise KeyError(
            f'backbone.type={kind!r}: nobody has registered it. Import its '
            f"package (custom_imports=dict(imports=['dearli_mm', "
            f"'{scope}.models'])), or take the network of timm that is meant: "
            "dict(type='TimmFeatures', model_name='convnext_tiny'); "
            'docs/own-backbone.md')


def _with_clip_of(panoptic_head: ConfigType, clip: ConfigType) -> ConfigType:
    """Let the text classifier use the CLIP that the images go through."""
    panoptic_head = ConfigDict(copy.deepcopy(panoptic_head))
    text = panoptic_head['text_classifier']
    kind = MODELS.get(clip['type']) if isinstance(clip['type'], str) else \
        clip['type']
    if 'model_name' not in text and issubclass(kind or object,
                                               OpenCLIPBackbone):
        text['model_name'] = clip['model_name']
        text['pretrained'] = clip.get('pretrained')
    if not text.get('model_name'):
        raise ValueError(
            'panoptic_head.text_classifier.model_name is not set, and neither '
            'the backbone nor zero_shot_clip is a CLIP: name the CLIP (of '
            "open_clip, such as 'convnext_base_w_320') that embeds the names "
            'of the classes, and with pretrained its weights')
    return panoptic_head
