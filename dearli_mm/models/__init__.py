from .backbones import (OpenCLIPBackbone, SimpleFeaturePyramid, TimmFeatures,
                        TimmViT)
from .clip import CLIPTextClassifier
from .data_preprocessor import SemiSupDataPreprocessor
from .detectors import CLIPMask2Former, DEARLi
from .heads import (CLIPMask2FormerHead, MaskClassificationFusionHead,
                    MaskProposalFusionHead)
from .panoptic_tta_model import PanopticTTAModel

__all__ = [
    'CLIPMask2Former', 'CLIPMask2FormerHead', 'CLIPTextClassifier', 'DEARLi',
    'MaskClassificationFusionHead', 'MaskProposalFusionHead',
    'OpenCLIPBackbone', 'PanopticTTAModel', 'SemiSupDataPreprocessor',
    'SimpleFeaturePyramid', 'TimmFeatures', 'TimmViT'
]
