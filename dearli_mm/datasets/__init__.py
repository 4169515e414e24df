from .panoptic_dataset import COCOObjectsPanopticDataset, PanopticDataset
from .samplers import ResumableInfiniteSampler
from .sam_segments import SAMSegmentsDataset
from .semi_sup_panoptic import SemiSupPanopticDataset
from .transforms import (LimitMasks, LoadAnyImage, LoadPanopticSegments,
                         LoadSAMMasks, LoadSemanticSegments, PadToSize,
                         RandomScaleCropFlip, StrongPhotometricAugment)

__all__ = [
    'COCOObjectsPanopticDataset', 'LimitMasks', 'LoadAnyImage',
    'LoadPanopticSegments', 'LoadSAMMasks', 'LoadSemanticSegments',
    'PadToSize', 'PanopticDataset', 'RandomScaleCropFlip',
    'ResumableInfiniteSampler', 'SAMSegmentsDataset', 'SemiSupPanopticDataset',
    'StrongPhotometricAugment'
]
