"""Class-agnostic masks of many images; see tools/sam_masks.py."""
from .felzenszwalb import Felzenszwalb
from .generate import generate_masks
from .processes import init_processes
from .registry import (MASK_GENERATORS, MaskGenerator, coco_instances,
                       encode_masks, option)
from .sam import SAM, SAM2
from .sources import find_images

__all__ = [
    'Felzenszwalb', 'MASK_GENERATORS', 'MaskGenerator', 'SAM', 'SAM2',
    'coco_instances', 'encode_masks', 'find_images', 'generate_masks',
    'init_processes', 'option'
]
