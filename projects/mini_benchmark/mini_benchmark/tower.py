"""The image tower of the mini benchmark's CLIP: a small ConvNeXt."""
from pathlib import Path

import open_clip
from timm.models import register_model
from timm.models.convnext import ConvNeXt

CLIP_NAME = 'dearli_mini'
DIMS = (32, 64, 128, 192)

open_clip.add_model_config(Path(__file__).parent / f'{CLIP_NAME}.json')


@register_model
def convnext_mini_s16(pretrained: bool = False, **kwargs) -> ConvNeXt:
    """A ConvNeXt whose last stage keeps stride 16.

    CLIP judges a mask by the cells of its last stage that lie in it. Crops
    here have 128 pixels where the paper's have 640: at stride 32 a thing of a
    quarter of the crop would have one cell.

    Args:
        pretrained (bool): There are no weights; must be False.
        **kwargs: Of timm's ``ConvNeXt``. What timm's factory adds for
            pretrained models is not needed.

    Raises:
        ValueError: If ``pretrained`` is set.
    """
    if pretrained:
        raise ValueError('pretrained=True: convnext_mini_s16 has no weights '
                         'of its own; load a CLIP trained by train_clip.py')
    for key in ('pretrained_cfg', 'pretrained_cfg_overlay', 'cache_dir'):
        kwargs.pop(key, None)
    model = ConvNeXt(
        depths=(1, 1, 3, 2), dims=DIMS, output_stride=16,
        stem_type='overlap_tiered', **kwargs)
    model.default_cfg = dict(pool_size=(8, 8))
    return model
