"""Any plain ViT of timm as an mmdet backbone, and the pyramid it needs."""
from typing import Optional, Sequence, Tuple

import torch
from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn

from dearli_mm.functional.resizing import resize_for_patches
from dearli_mm.utils.lazy import lazy_module

from .timm_features import TimmFeatures

timm = lazy_module('timm')


@MODELS.register_module()
class TimmViT(TimmFeatures):
    """The tokens of a plain ViT's last block as one map of stride 16.

    Its neck is a :class:`SimpleFeaturePyramid`. With ``frozen`` student and
    teacher share the ViT, and its work; each has a pyramid of its own.

    Args:
        model_name (str): Name of a timm ViT with ``features_only``, for
            instance ``'vit_base_patch16_dinov3'``. Images come resized to one
            with patches of another size, such as 14.
        pretrained (str, optional): See :class:`TimmFeatures`.
        model_kwargs (dict, optional): See :class:`TimmFeatures`. Defaults to
            ``dict(dynamic_img_size=True)``, with which position embeddings
            are resized to the image.
        **kwargs: ``frozen``, ``norm_eval`` and ``init_cfg`` of
            :class:`TimmFeatures`.

    Raises:
        FileNotFoundError: If the weight file is not there.
        ValueError: If the model is not a ViT with such a map.
    """

    def __init__(self,
                 model_name: str,
                 pretrained: Optional[str] = None,
                 model_kwargs: Optional[dict] = None,
                 **kwargs) -> None:
        super().__init__(
            model_name, pretrained,
            model_kwargs=dict(dict(dynamic_img_size=True),
                              **(model_kwargs or {})), **kwargs)
        self.patch = self.trunk.feature_info.reduction()[0]

    def _choose_indices(self, out_indices: Optional[Sequence[int]],
                        kwargs: dict) -> Tuple[int, ...]:
        try:
            with torch.device('meta'):
                trunk = timm.create_model(self.model_name, features_only=True,
                                          out_indices=(-1, ), **kwargs)
        except Exception as error:  # of any model's constructor
            raise ValueError(
                f'{self.model_name!r} cannot be built as a plain ViT with '
                f'model_kwargs={kwargs}: {error}; for networks that give a '
                'pyramid take TimmFeatures') from error
        if not hasattr(getattr(trunk, 'model', None), 'patch_embed'):
            raise ValueError(f'{self.model_name!r} is no plain ViT; take '
                             'TimmFeatures for it')
        return (-1, )

    def forward(self, x: Tensor) -> Tuple[Tensor, ...]:
        """The map.

        Args:
            x (Tensor): Normalised images, shape [B, 3, H, W], H and W
                multiples of 32.

        Returns:
            tuple[Tensor]: One of shape [B, C, H / 16, W / 16].
        """
        return super().forward(resize_for_patches(x, self.patch))


@MODELS.register_module()
class SimpleFeaturePyramid(BaseModule):
    """Maps of strides 4, 8, 16 and 32 from one of stride 16.

    Each is made from the last map of the backbone alone. Source: Li et al.,
    Exploring Plain Vision Transformer Backbones for Object Detection, ECCV
    2022.

    Args:
        in_channels (int): Of the map.
        out_channels (int): Of each level. Defaults to 256.
        init_cfg (dict, optional): Defaults to none.
    """

    def __init__(self,
                 in_channels: int,
                 out_channels: int = 256,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg=init_cfg)
        half, quarter = in_channels // 2, in_channels // 4
        norm = timm.layers.LayerNorm2d
        scales = (
            (quarter, nn.ConvTranspose2d(in_channels, half, 2, 2), norm(half),
             nn.GELU(), nn.ConvTranspose2d(half, quarter, 2, 2)),
            (half, nn.ConvTranspose2d(in_channels, half, 2, 2)),
            (in_channels, ),
            (in_channels, nn.MaxPool2d(2)))
        self.levels = nn.ModuleList(
            nn.Sequential(
                *layers, nn.Conv2d(channels, out_channels, 1, bias=False),
                norm(out_channels),
                nn.Conv2d(out_channels, out_channels, 3, padding=1,
                          bias=False), norm(out_channels))
            for channels, *layers in scales)

    def forward(self, inputs: Sequence[Tensor]) -> Tuple[Tensor, ...]:
        """The pyramid.

        Args:
            inputs (Sequence[Tensor]): The last one of shape [B, C, h, w].

        Returns:
            tuple[Tensor]: Shape [B, out_channels, s * h, s * w], s = 4, 2, 1
            and 1/2.
        """
        return tuple(level(inputs[-1]) for level in self.levels)
