"""Data, CLIP and analysis of the mini benchmark.

Importing the package makes its image tower known to timm and its CLIP to
open_clip; configs do that with ``custom_imports``.
"""
from .tower import CLIP_NAME

__all__ = ['CLIP_NAME']
