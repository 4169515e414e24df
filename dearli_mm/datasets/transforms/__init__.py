from .augment import (PadToSize, RandomScaleCropFlip,
                      StrongPhotometricAugment)
from .load_any_image import LoadAnyImage
from .loading import LoadPanopticSegments
from .sam_masks import LimitMasks, LoadSAMMasks

__all__ = [
    'LimitMasks', 'LoadAnyImage', 'LoadPanopticSegments', 'LoadSAMMasks',
    'PadToSize', 'RandomScaleCropFlip', 'StrongPhotometricAugment'
]
