"""The image tower of an open_clip ConvNeXt as an mmdet backbone."""
from functools import lru_cache
from typing import Callable, List, Optional, Sequence, Tuple

import open_clip
import torch
from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn

from ..clip.loading import build_clip
from ..pixel_norm import PixelNorm


@MODELS.register_module()
class OpenCLIPBackbone(BaseModule):
    """Image tower of a CLIP whose trunk is a timm ConvNeXt.

    It returns the stages' outputs res2..res5. What the zero-shot branch needs
    besides follows from them: :meth:`dense_features` of res5, and
    :meth:`embed` of pooled dense features; so nothing is kept between calls.
    Input: RGB, normalised with CLIP's mean and deviation. Source: DEARLi
    section 3.1 (the backbone of FC-CLIP).

    Args:
        model_name (str): Name of an open_clip model, for instance
            ``'convnext_base_w_320'``.
        pretrained (str, optional): Path of its weights, ``None`` for
            random ones.
        frozen (bool): Whether the tower is never trained: no gradient, always
            in eval mode. Defaults to True. Otherwise stem and stages are
            trained; CLIP's head, of which no loss knows, is not.
        out_indices (Sequence[int]): Stages to return, of 0..3. Defaults to
            all of them.
        with_cp (bool): Whether the stages of a trainable tower keep only
            their inputs for the backward pass and run once more in it.
            Defaults to False.
        compile (bool): Whether ``torch.compile`` makes kernels for the
            stages of the tower, which takes a while at the first batch of
            each size. Defaults to False; see docs/performance.md.
        init_cfg (dict, optional): Not needed; weights come from
            ``pretrained``.

    Raises:
        ValueError: If the model's trunk is not a ConvNeXt.
    """

    def __init__(self,
                 model_name: str,
                 pretrained: Optional[str] = None,
                 frozen: bool = True,
                 out_indices: Sequence[int] = (0, 1, 2, 3),
                 with_cp: bool = False,
                 compile: bool = False,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg=init_cfg)
        clip = build_clip(model_name, pretrained)
        trunk = getattr(clip.visual, 'trunk', None)
        if not all(hasattr(trunk, name) for name in ('stem', 'stages')):
            raise ValueError(
                f'model_name={model_name!r}: its image tower is not a timm '
                'ConvNeXt; choose one of the convnext models of open_clip')
        self.model_name = model_name
        self.frozen = frozen
        self.compile_stages = compile
        self.out_indices = tuple(out_indices)
        self.visual = clip.visual
        self.logit_scale = clip.logit_scale
        # What no loss depends on (CLIP's head and temperature, stages behind
        # the last that is returned) is never trained.
        self.requires_grad_(False)
        if frozen:
            self.eval()
        else:
            trunk.stem.requires_grad_(True)
            trunk.stages[:max(self.out_indices) + 1].requires_grad_(True)
        trunk.set_grad_checkpointing(with_cp and not frozen)

    @property
    def out_channels(self) -> List[int]:
        """list[int]: Channels of the returned maps."""
        info = self.visual.trunk.feature_info
        return [info[index]['num_chs'] for index in self.out_indices]

    @property
    def embed_dims(self) -> int:
        """int: Width D of CLIP's joint space."""
        # The last layer is linear (base) or an MLP (large).
        return open_clip.get_model_config(self.model_name)['embed_dim']

    @property
    def pixel_norm(self) -> PixelNorm:
        """PixelNorm: What images must have gone through."""
        return PixelNorm([255 * v for v in self.visual.image_mean],
                         [255 * v for v in self.visual.image_std])

    def train(self, mode: bool = True) -> 'OpenCLIPBackbone':
        """A frozen tower stays in eval mode."""
        return super().train(mode and not self.frozen)

    def forward(self, x: Tensor) -> Tuple[Tensor, ...]:
        """Multi-scale features.

        Args:
            x (Tensor): Normalised RGB images, shape [B, 3, H, W], H and W
                multiples of 32.

        Returns:
            tuple[Tensor]: Maps of strides 4, 8, 16, 32 (those of
            ``out_indices``), shape [B, C_i, H / s, W / s].
        """
        with torch.set_grad_enabled(torch.is_grad_enabled()
                                    and not self.frozen):
            # As the norms of a ConvNeXt want it.
            x = x.contiguous(memory_format=torch.channels_last)
            run = _compiled_stages() if self.compile_stages else _run_stages
            stages = run(self.visual.trunk, x)
        return tuple(stages[index] for index in self.out_indices)

    def dense_features(self, res5: Tensor) -> Tensor:
        """CLIP's dense features, to be pooled over masks.

        Args:
            res5 (Tensor): Output of the last stage, [B, C5, H/32, W/32].

        Returns:
            Tensor: Same shape.
        """
        return self.visual.trunk.norm_pre(res5)

    def embed(self, pooled: Tensor) -> Tensor:
        """Project pooled dense features into the space of the text.

        Args:
            pooled (Tensor): Shape [..., C5].

        Returns:
            Tensor: Not normalised, shape [..., D].
        """
        maps = pooled.reshape(-1, pooled.shape[-1], 1, 1)
        embedding = self.visual.head(self.visual.trunk.head(maps))
        return embedding.view(*pooled.shape[:-1], -1)


def _run_stages(trunk: nn.Module, x: Tensor) -> List[Tensor]:
    """Outputs of all stages."""
    x = trunk.stem(x)
    stages = []
    for stage in trunk.stages:
        x = stage(x)
        stages.append(x)
    return stages


@lru_cache(maxsize=1)
def _compiled_stages() -> Callable[[nn.Module, Tensor], List[Tensor]]:
    return torch.compile(_run_stages)
