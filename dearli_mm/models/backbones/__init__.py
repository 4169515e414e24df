from .open_clip_backbone import OpenCLIPBackbone
from .timm_features import TimmFeatures
from .timm_vit import SimpleFeaturePyramid, TimmViT

__all__ = [
    'OpenCLIPBackbone', 'SimpleFeaturePyramid', 'TimmFeatures', 'TimmViT'
]
