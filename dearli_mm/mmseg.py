"""What is registered with MMSegmentation.

A module of its own, so that importing :mod:`dearli_mm` does not import
mmseg. Configs of mmseg name both::

    custom_imports = dict(
        imports=['dearli_mm', 'dearli_mm.mmseg'], allow_failed_imports=False)
"""
from .models.decode_heads import CLIPMask2FormerDecodeHead
from .models.segmentors import DEARLiSegmentor

__all__ = ['CLIPMask2FormerDecodeHead', 'DEARLiSegmentor']
