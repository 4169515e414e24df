from .clip_mask2former_head import CLASSIFIER, CLIPMask2FormerHead
from .mask_classification_fusion_head import MaskClassificationFusionHead
from .mask_proposal_fusion_head import MaskProposalFusionHead

__all__ = [
    'CLASSIFIER', 'CLIPMask2FormerHead', 'MaskClassificationFusionHead',
    'MaskProposalFusionHead'
]
