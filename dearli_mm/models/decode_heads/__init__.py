from .clip_mask2former_decode_head import CLIPMask2FormerDecodeHead

__all__ = ['CLIPMask2FormerDecodeHead']
