from .activation import activate_out_of_place
from .attention import attend_without_weights
from .deformable import sample_in_bags
from .onednn import linear, multiply_by_onednn
from .mask_logits import MaskLogits
from .pixel_decoder import DeformablePixelDecoder

__all__ = [
    'DeformablePixelDecoder', 'MaskLogits', 'activate_out_of_place',
    'attend_without_weights', 'linear', 'multiply_by_onednn', 'sample_in_bags'
]
