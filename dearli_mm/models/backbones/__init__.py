from .open_clip_backbone import OpenCLIPBackbone
from .timm_features import TimmFeatures

__all__ = ['OpenCLIPBackbone', 'TimmFeatures']
