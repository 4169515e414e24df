from .backbones import OpenCLIPBackbone
from .clip import CLIPTextClassifier
from .detectors import CLIPMask2Former, DEARLi
from .heads import CLIPMask2FormerHead, MaskClassificationFusionHead

__all__ = [
    'CLIPMask2Former', 'CLIPMask2FormerHead', 'CLIPTextClassifier', 'DEARLi',
    'MaskClassificationFusionHead', 'OpenCLIPBackbone'
]
