"""The image tower of a CLIP, of whichever kind it is."""
from torch import nn

from dearli_mm.utils.lazy import lazy_module

from .cnn_towers import ModifiedResNetTower, TimmTower, dilate
from .image_tower import ImageTower
from .vit_towers import TimmViTTower, ViTTower

open_clip = lazy_module('open_clip')


def image_tower(visual: nn.Module, model_name: str,
                output_stride: int = 32) -> ImageTower:
    """The tower of a CLIP.

    Args:
        visual (nn.Module): ``visual`` of an open_clip model.
        model_name (str): Its name, for messages.
        output_stride (int): Of the last stage of a CNN, 32 or 16; the layers
            of a stage whose stride is taken out are dilated. Defaults to 32,
            the tower as it is.

    Raises:
        ValueError: If it is neither a CNN with maps of strides 4, 8, 16 and
            32 nor a plain ViT, or its stride cannot be changed.
    """
    if isinstance(visual, open_clip.modified_resnet.ModifiedResNet):
        return ModifiedResNetTower(visual, output_stride)
    if ViTTower.fits(visual):
        return ViTTower(visual)
    if isinstance(visual, open_clip.timm_model.TimmModel):
        if TimmViTTower.fits(visual):
            return TimmViTTower(visual, model_name)
        if output_stride != 32:
            dilate(visual, model_name, output_stride)
        if TimmTower.fits(visual):
            return TimmTower(visual)
    kind = type(getattr(visual, 'trunk', visual)).__name__
    raise ValueError(
        f'model_name={model_name!r}: its image tower ({kind}) is neither a '
        'CNN with maps of strides 4 to 32 nor a plain ViT that pools tokens; '
        'choose one of the convnext, RN, ViT or SigLIP models of open_clip, '
        'or a config with a CNN of timm')
