"""Instance masks: how they are stored, and two compact kinds of them."""
from .mask_folder import MaskFolder, read_mask_file
from .packed_masks import PackedMasks, run_ends
from .segment_id_masks import SegmentIdMasks

__all__ = [
    'MaskFolder', 'PackedMasks', 'SegmentIdMasks', 'read_mask_file', 'run_ends'
]
