from .panoptic_dataset import COCOObjectsPanopticDataset, PanopticDataset
from .samplers import ResumableInfiniteSampler
from .sam_segments import SAMSegmentsDataset
from .semi_sup_panoptic import SemiSupPanopticDataset
from .transforms import (AntialiasResize, LimitMasks, LoadAnyImage,
                         LoadPanopticSegments, LoadSAMMasks,
                         LoadSemanticSegments, PadToSize, RandomScaleCropFlip,
                         SSDColorAugment, StrongPhotometricAugment)

__all__ = [
    'AntialiasResize', 'COCOObjectsPanopticDataset', 'LimitMasks',
    'LoadAnyImage', 'LoadPanopticSegments', 'LoadSAMMasks',
    'LoadSemanticSegments', 'PadToSize', 'PanopticDataset',
    'RandomScaleCropFlip', 'ResumableInfiniteSampler',
    'SAMSegmentsDataset', 'SSDColorAugment', 'SemiSupPanopticDataset',
    'StrongPhotometricAugment'
]
