"""Any timm model that gives a feature pyramid, as an mmdet backbone."""
from pathlib import Path
from typing import List, Optional, Sequence, Tuple

import torch
from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from dearli_mm.utils.lazy import lazy_module

from .sync_norms import keep_activations

timm = lazy_module('timm')

STRIDES = [4, 8, 16, 32]
# A file of the same model holds all weights but those that timm resizes; one
# of another model next to none.
LEAST_SHARE = 0.5


@MODELS.register_module()
class TimmFeatures(BaseModule):
    """The stages of a timm model.

    Args:
        model_name (str): Name of a timm model with ``features_only``, for
            instance ``'convnextv2_atto'``.
        pretrained (str, optional): Path of its weights (``.safetensors`` or
            ``.pth``); ``None`` for random ones.
        out_indices (Sequence[int], optional): Which of the model's features
            to return; their strides must be 4, 8, 16, 32. Defaults to None,
            those that have these strides.
        frozen (bool): Whether the model is never trained: no gradient, always
            in eval mode. Defaults to False.
        norm_eval (bool): Whether batch norms keep the statistics of the
            weights while the rest is trained. Defaults to False.
        model_kwargs (dict, optional): Further arguments of the timm model,
            such as ``dict(img_size=640)`` for one of a fixed image size, or
            ``dict(strict_img_size=False)`` for a Swin.
        init_cfg (dict, optional): Not needed; weights come from
            ``pretrained``.

    Raises:
        FileNotFoundError: If the weight file is not there.
        ValueError: If timm does not know the model or the arguments, its
            features have other strides, or the weights are of another model.
    """

    def __init__(self,
                 model_name: str,
                 pretrained: Optional[str] = None,
                 out_indices: Optional[Sequence[int]] = None,
                 frozen: bool = False,
                 norm_eval: bool = False,
                 model_kwargs: Optional[dict] = None,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg=init_cfg)
        if not timm.is_model(model_name):
            raise ValueError(
                f'model_name={model_name!r} is not a timm model; '
                'timm.list_models() lists them')
        self.model_name = model_name
        self.frozen = frozen
        self.norm_eval = norm_eval
        kwargs = dict(model_kwargs or {})
        kwargs['out_indices'] = self._choose_indices(out_indices, kwargs)
        self.trunk = _build_trunk(model_name, pretrained, kwargs)
        output_format = getattr(self.trunk, 'output_fmt', 'NCHW')
        self.channels_last = str(output_format).endswith('NHWC')
        if frozen:
            self.requires_grad_(False)
            self.eval()

    def _choose_indices(self, out_indices: Optional[Sequence[int]],
                        kwargs: dict) -> Tuple[int, ...]:
        """The features to return, if the head can use them."""
        try:
            with torch.device('meta'):
                every = timm.create_model(
                    self.model_name, features_only=True, **kwargs).feature_info
        except Exception as error:  # of any model's constructor
            raise ValueError(
                f'{self.model_name!r} cannot be built for its features with '
                f'model_kwargs={kwargs}: {error}') from error
        stride_of = dict(zip(every.out_indices, every.reduction()))
        fitting = tuple(
            k for k, stride in stride_of.items() if stride in STRIDES)
        if [stride_of[k] for k in fitting] != STRIDES:
            raise ValueError(
                f'{self.model_name!r} gives maps of the strides '
                f'{sorted(set(stride_of.values()))}, but the head needs '
                f'{STRIDES}; take a network with such a pyramid, as CNNs, '
                'Swin or Hiera have it, or for a plain ViT TimmViT and, as '
                'neck, SimpleFeaturePyramid')
        if out_indices is None or tuple(out_indices) == fitting:
            return fitting
        raise ValueError(
            f'out_indices={tuple(out_indices)} of {self.model_name!r} have '
            f'the strides {[stride_of.get(k) for k in out_indices]}, but the '
            f'head needs {STRIDES}; leave it out, or take {fitting}')

    @property
    def out_channels(self) -> List[int]:
        """list[int]: Channels of the returned maps."""
        return self.trunk.feature_info.channels()

    def train(self, mode: bool = True) -> 'TimmFeatures':
        """A frozen model stays in eval mode, and so may batch norms."""
        keep_activations(self)  # the runner may have replaced the norms
        super().train(mode and not self.frozen)
        if self.norm_eval:
            for module in self.modules():
                if isinstance(module, _BatchNorm):
                    module.eval()
        return self

    def forward(self, x: Tensor) -> Tuple[Tensor, ...]:
        """Multi-scale features.

        Args:
            x (Tensor): Normalised images, shape [B, 3, H, W], H and W
                multiples of 32.

        Returns:
            tuple[Tensor]: Maps of strides 4, 8, 16, 32, shape
            [B, C_i, H / s, W / s].
        """
        with torch.set_grad_enabled(torch.is_grad_enabled()
                                    and not self.frozen):
            stages = self._stages(x)
        if self.channels_last:
            stages = [s.permute(0, 3, 1, 2).contiguous() for s in stages]
        return tuple(stages)

    def _stages(self, x: Tensor) -> List[Tensor]:
        try:
            return self.trunk(x)
        except (AssertionError, RuntimeError) as error:
            size = self.trunk.default_cfg.get('input_size')
            if isinstance(error, torch.OutOfMemoryError) or \
                    not self.trunk.default_cfg.get('fixed_input_size'):
                raise
            raise ValueError(
                f'{self.model_name!r} takes images of {size[-2:]} alone, got '
                f'{tuple(x.shape[-2:])}: {error}. Give it the size of the '
                'crops and test images, model_kwargs=dict(img_size=...), or '
                'for a Swin model_kwargs=dict(strict_img_size=False), or take '
                'a network without a fixed size') from error


def _build_trunk(model_name: str, pretrained: Optional[str],
                 kwargs: dict) -> nn.Module:
    if pretrained is None:
        return timm.create_model(model_name, features_only=True, **kwargs)
    path = Path(pretrained).expanduser()
    if not path.is_file():
        weights = timm.models.get_pretrained_cfg(model_name)
        source = weights.hf_hub_id if weights else None
        page = f'https://huggingface.co/{source or "timm"}'
        raise FileNotFoundError(
            f'pretrained={pretrained!r}: no weights of {model_name!r} at '
            f'{path.absolute()}; get model.safetensors from {page} and give '
            'its path, or pretrained=None to train from scratch; nothing is '
            'downloaded silently')
    try:
        trunk = timm.create_model(
            model_name,
            pretrained=True,
            pretrained_cfg_overlay=dict(file=str(path), source=''),
            features_only=True,
            **kwargs)
        share = _share_of_file(trunk, timm.models.load_state_dict(str(path)))
    except Exception as error:
        raise ValueError(
            f'pretrained={pretrained!r} cannot be loaded as weights of '
            f'{model_name!r}: {error}') from error
    if share < LEAST_SHARE:  # timm takes what fits and passes over the rest
        raise ValueError(
            f'pretrained={pretrained!r} holds only {share:.0%} of the weights '
            f'of {model_name!r}; give the file of this very model')
    return trunk


def _share_of_file(trunk: nn.Module, weights: dict) -> float:
    """Share of the trunk's parameters whose values are in the file.

    By value, because timm may rename what it loads.
    """
    of_file = {_fingerprint(value) for value in weights.values()}
    found = [_fingerprint(p.detach()) in of_file for p in trunk.parameters()]
    return sum(found) / max(len(found), 1)


def _fingerprint(value: Tensor) -> tuple:
    return tuple(value.shape), value.double().sum().item()
