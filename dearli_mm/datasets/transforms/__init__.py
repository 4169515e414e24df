from .augment import (PadToSize, RandomScaleCropFlip,
                      StrongPhotometricAugment)
from .load_any_image import LoadAnyImage
from .loading import LoadPanopticSegments
from .resize import AntialiasResize
from .sam_masks import LimitMasks, LoadSAMMasks
from .semantic_segments import LoadSemanticSegments
from .ssd_color import SSDColorAugment
from .views import LabeledView, TestTimeViews, TestView, WarmUpView

__all__ = [
    'AntialiasResize', 'LabeledView', 'LimitMasks', 'LoadAnyImage',
    'LoadPanopticSegments', 'LoadSAMMasks', 'LoadSemanticSegments',
    'PadToSize', 'RandomScaleCropFlip', 'SSDColorAugment',
    'StrongPhotometricAugment', 'TestTimeViews', 'TestView', 'WarmUpView'
]
