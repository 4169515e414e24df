from .augment import (PadToSize, RandomScaleCropFlip,
                      StrongPhotometricAugment)
from .loading import LoadPanopticSegments

__all__ = [
    'LoadPanopticSegments', 'PadToSize', 'RandomScaleCropFlip',
    'StrongPhotometricAugment'
]
