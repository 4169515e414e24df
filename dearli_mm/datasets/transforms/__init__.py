from .augment import (PadToSize, RandomScaleCropFlip,
                      StrongPhotometricAugment)
from .load_any_image import LoadAnyImage
from .loading import LoadPanopticSegments
from .sam_masks import LimitMasks, LoadSAMMasks
from .semantic_segments import LoadSemanticSegments

__all__ = [
    'LimitMasks', 'LoadAnyImage', 'LoadPanopticSegments', 'LoadSAMMasks',
    'LoadSemanticSegments', 'PadToSize', 'RandomScaleCropFlip',
    'StrongPhotometricAugment'
]
