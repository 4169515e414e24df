from .panoptic_dataset import PanopticDataset
from .public_datasets import (ADE20K150PanopticDataset,
                              CityscapesPanopticDataset,
                              COCOObjectsPanopticDataset, COCOPanopticDataset,
                              VOC2012PanopticDataset)
from .sam_segments import SAMSegmentsDataset
from .samplers import ResumableInfiniteSampler
from .semi_sup_panoptic import SemiSupPanopticDataset
from .transforms import (AntialiasResize, LabeledView, LimitMasks,
                         LoadAnyImage, LoadPanopticSegments, LoadSAMMasks,
                         LoadSemanticSegments, PadToSize, RandomScaleCropFlip,
                         SSDColorAugment, StrongPhotometricAugment,
                         TestTimeViews, TestView, WarmUpView)

__all__ = [
    'ADE20K150PanopticDataset', 'AntialiasResize',
    'COCOObjectsPanopticDataset', 'COCOPanopticDataset',
    'CityscapesPanopticDataset', 'LabeledView',
    'LimitMasks', 'LoadAnyImage', 'LoadPanopticSegments', 'LoadSAMMasks',
    'LoadSemanticSegments', 'PadToSize', 'PanopticDataset',
    'RandomScaleCropFlip', 'ResumableInfiniteSampler', 'SAMSegmentsDataset',
    'SSDColorAugment', 'SemiSupPanopticDataset', 'StrongPhotometricAugment',
    'TestTimeViews', 'TestView', 'VOC2012PanopticDataset', 'WarmUpView'
]
