from .panoptic_dataset import COCOObjectsPanopticDataset, PanopticDataset
from .samplers import ResumableInfiniteSampler
from .semi_sup_panoptic import SemiSupPanopticDataset
from .transforms import (LoadAnyImage, LoadPanopticSegments, PadToSize,
                         RandomScaleCropFlip, StrongPhotometricAugment)

__all__ = [
    'COCOObjectsPanopticDataset', 'LoadAnyImage', 'LoadPanopticSegments',
    'PadToSize', 'PanopticDataset', 'RandomScaleCropFlip',
    'ResumableInfiniteSampler', 'SemiSupPanopticDataset',
    'StrongPhotometricAugment'
]
