from .attention import MaskedAttention
from .mask_logits import MaskLogits
from .pixel_decoder import DeformablePixelDecoder

__all__ = ['DeformablePixelDecoder', 'MaskLogits', 'MaskedAttention']
