from .clip_mask2former import CLIPMask2Former
from .dearli import DEARLi

__all__ = ['CLIPMask2Former', 'DEARLi']
