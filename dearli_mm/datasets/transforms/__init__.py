from .augment import (PadToSize, RandomScaleCropFlip,
                      StrongPhotometricAugment)
from .load_any_image import LoadAnyImage
from .loading import LoadPanopticSegments

__all__ = [
    'LoadAnyImage', 'LoadPanopticSegments', 'PadToSize',
    'RandomScaleCropFlip', 'StrongPhotometricAugment'
]
