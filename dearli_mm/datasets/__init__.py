from .samplers import ResumableInfiniteSampler
from .semi_sup_panoptic import SemiSupPanopticDataset
from .transforms import (LoadPanopticSegments, PadToSize, RandomScaleCropFlip,
                         StrongPhotometricAugment)

__all__ = [
    'LoadPanopticSegments', 'PadToSize', 'RandomScaleCropFlip',
    'ResumableInfiniteSampler', 'SemiSupPanopticDataset',
    'StrongPhotometricAugment'
]
