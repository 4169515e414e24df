"""The image tower of an open_clip model as an mmdet backbone."""
from functools import lru_cache
from typing import Callable, List, Optional, Sequence, Tuple

import torch
from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor

from dearli_mm.utils.lazy import lazy_module

from ..clip.cnn_towers import TimmTower
from ..clip.image_towers import image_tower
from ..clip.loading import build_clip
from ..pixel_norm import PixelNorm
from .sync_norms import keep_activations

open_clip, timm = lazy_module('open_clip'), lazy_module('timm')


@MODELS.register_module()
class OpenCLIPBackbone(BaseModule):
    """Image tower of a CLIP: a ConvNeXt, another CNN or a ViT.

    It returns the stages' outputs, res2..res5 of a CNN and one map of stride
    16 of a ViT. What the zero-shot branch needs besides follows from them:
    :meth:`dense_features` of the last one, and
    :meth:`embed_masks` of dense features; so nothing is kept between calls.
    Input: RGB, normalised with CLIP's mean and deviation. Source: DEARLi
    section 3.1 (the backbone of FC-CLIP).

    Args:
        model_name (str): Name of an open_clip model whose image tower is a
            CNN (ConvNeXt or another one of timm, or OpenAI's ResNet) or a
            plain ViT, that of SigLIP included; for instance
            ``'convnext_base_w_320'``, ``'RN50'``, ``'ViT-B-16'``,
            ``'ViT-B-16-SigLIP2-256'``. A ViT is a recogniser
            (``zero_shot_clip``) or, with a :class:`SimpleFeaturePyramid` as
            the neck, a frozen backbone.
        pretrained (str, optional): Path of its weights, ``None`` for
            random ones.
        frozen (bool): Whether the tower is never trained: no gradient, always
            in eval mode. Defaults to True. Otherwise stem and stages are
            trained; CLIP's head, of which no loss knows, is not.
        out_indices (Sequence[int], optional): Stages to return, 0..3 of a
            CNN. Defaults to all of them.
        output_stride (int): Of the last stage of a CNN; 16 dilates its layers
            in place of its stride, for small images. Defaults to 32.
        with_cp (bool): Whether the stages of a trainable tower keep only
            their inputs for the backward pass and run once more in it.
            Defaults to False.
        compile (bool): Whether ``torch.compile`` makes kernels for the
            stages of a ConvNeXt, which takes a while at the first batch of
            each size. Defaults to False; see docs/performance.md.
        mean (Sequence[float], optional): Of the RGB pixels that the tower was
            trained with, 0..255; they are what it gets as ``zero_shot_clip``.
            Defaults to those of open_clip's published weights of this model,
            OpenAI's where these differ.
        std (Sequence[float], optional): Likewise.
        init_cfg (dict, optional): Not needed; weights come from
            ``pretrained``.

    Raises:
        ValueError: If the image tower is neither such a CNN nor such a ViT,
            or cannot do what is asked of it.
    """

    def __init__(self,
                 model_name: str,
                 pretrained: Optional[str] = None,
                 frozen: bool = True,
                 out_indices: Optional[Sequence[int]] = None,
                 output_stride: int = 32,
                 with_cp: bool = False,
                 compile: bool = False,
                 mean: Optional[Sequence[float]] = None,
                 std: Optional[Sequence[float]] = None,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg=init_cfg)
        if output_stride not in (16, 32):
            raise ValueError(f'output_stride={output_stride} is not 16 or 32')
        clip = build_clip(model_name, pretrained)
        self.tower = image_tower(clip.visual, model_name, output_stride)
        if compile and not isinstance(getattr(clip.visual, 'trunk', None),
                                      timm.models.convnext.ConvNeXt):
            raise ValueError(
                f'compile=True: {model_name!r} is no ConvNeXt; leave it out')
        self.model_name = model_name
        self.frozen = frozen
        self.compile_stages = compile
        self.out_indices = tuple(range(len(self.tower.channels))
                                 if out_indices is None else out_indices)
        self.visual = clip.visual
        #: PixelNorm: What images must have gone through.
        self.pixel_norm = PixelNorm(
            mean or [255 * v for v in clip.visual.image_mean],
            std or [255 * v for v in clip.visual.image_std])
        self.logit_scale = clip.logit_scale
        # What no loss depends on (CLIP's head and temperature, stages behind
        # the last that is returned) is never trained.
        self.requires_grad_(False)
        if frozen:
            self.eval()
        else:
            for module in self.tower.trained_modules(
                    max(self.out_indices) + 1):
                module.requires_grad_(True)
        self.tower.set_checkpointing(with_cp and not frozen)

    @property
    def out_channels(self) -> List[int]:
        """list[int]: Channels of the returned maps."""
        return [self.tower.channels[index] for index in self.out_indices]

    @property
    def embed_dims(self) -> int:
        """int: Width D of CLIP's joint space."""
        # The last layer is linear (base) or an MLP (large).
        return open_clip.get_model_config(self.model_name)['embed_dim']

    def train(self, mode: bool = True) -> 'OpenCLIPBackbone':
        """A frozen tower stays in eval mode."""
        keep_activations(self)  # the runner may have replaced the norms
        return super().train(mode and not self.frozen)

    def forward(self, x: Tensor) -> Tuple[Tensor, ...]:
        """Multi-scale features.

        Args:
            x (Tensor): Normalised RGB images, shape [B, 3, H, W], H and W
                multiples of 32.

        Returns:
            tuple[Tensor]: Maps of strides 4, 8, 16, 32 (those of
            ``out_indices``), shape [B, C_i, H / s, W / s]; of a ViT one of
            stride 16.
        """
        with torch.set_grad_enabled(torch.is_grad_enabled()
                                    and not self.frozen):
            # As the norms of a ConvNeXt want it.
            x = x.contiguous(memory_format=torch.channels_last)
            stages = _compiled_stages()(self.tower, x) \
                if self.compile_stages else self.tower.stages(x)
        return tuple(stages[index] for index in self.out_indices)

    def dense_features(self, last: Tensor) -> Tensor:
        """CLIP's dense features, to be pooled over masks.

        Args:
            last (Tensor): Output of the last stage, [B, C, h, w].

        Returns:
            Tensor: Shape [B, F, h, w]; F is C in most towers.
        """
        return self.tower.dense_features(last)

    def embed(self, pooled: Tensor) -> Tensor:
        """Project pooled dense features into the space of the text.

        Args:
            pooled (Tensor): Shape [..., F].

        Returns:
            Tensor: Not normalised, shape [..., D].

        Raises:
            NotImplementedError: If the tower pools by attention.
        """
        return self.tower.embed(pooled)

    def embed_masks(self, features: Tensor, mask_logits: Tensor) -> Tensor:
        """Embeddings of masks in the space of the text.

        Args:
            features (Tensor): Dense features, [B, F, h, w].
            mask_logits (Tensor): [B, Q, H, W]; positive inside.

        Returns:
            Tensor: Not normalised, [B, Q, D].
        """
        return self.tower.embed_masks(features, mask_logits)


@lru_cache(maxsize=1)
def _compiled_stages() -> Callable[..., List[Tensor]]:
    return torch.compile(TimmTower.stages)
