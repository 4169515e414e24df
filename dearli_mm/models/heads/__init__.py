from .clip_mask2former_head import CLIPMask2FormerHead
from .mask_classification_fusion_head import MaskClassificationFusionHead

__all__ = ['CLIPMask2FormerHead', 'MaskClassificationFusionHead']
