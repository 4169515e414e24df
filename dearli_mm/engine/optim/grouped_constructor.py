"""Few parameter groups, so that the optimiser can take fused steps."""
from typing import List, Optional

import torch
from mmdet.registry import OPTIM_WRAPPER_CONSTRUCTORS
from mmengine.optim import DefaultOptimWrapperConstructor, OptimWrapper
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.instancenorm import _InstanceNorm

from dearli_mm.utils import refuse_unknown

PARAMWISE = ('custom_keys', 'bias_lr_mult', 'bias_decay_mult',
             'norm_decay_mult', 'flat_decay_mult', 'dwconv_decay_mult',
             'dcn_offset_lr_mult', 'bypass_duplicate', 'embedding_decay_mult')
NORMS = (_BatchNorm, _InstanceNorm, nn.GroupNorm, nn.LayerNorm)


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class GroupedOptimWrapperConstructor(DefaultOptimWrapperConstructor):
    """mmengine's constructor with one group for each setting.

    mmengine makes a group of every parameter; here parameters of equal
    settings (learning rate, weight decay, ...) share a group. Sub-networks
    without trainable parameters, such as the teacher, are passed over.

    Besides mmengine's, ``paramwise_cfg`` may have ``embedding_decay_mult``:
    the weight decay multiplier of ``nn.Embedding``. ``custom_keys`` come
    before the other rules, but one that does not name a ``decay_mult``, such
    as ``backbone=dict(lr_mult=0.1)``, leaves the weight decay of norms and
    embeddings to these (in mmengine it would switch it on).

    Adam and AdamW take fused steps where PyTorch has them, unless
    ``optimizer.fused`` says otherwise.

    Raises:
        ValueError: If ``paramwise_cfg`` has an unknown key.
    """

    def __init__(self,
                 optim_wrapper_cfg: dict,
                 paramwise_cfg: Optional[dict] = None) -> None:
        refuse_unknown(paramwise_cfg or (), PARAMWISE,
                       'optim_wrapper.paramwise_cfg')
        super().__init__(optim_wrapper_cfg, paramwise_cfg)

    def __call__(self, model: nn.Module) -> OptimWrapper:
        """Build the optimiser of a model that is on its device."""
        if self.optimizer_cfg['type'] in ('Adam', 'AdamW'):
            trained = [p for p in model.parameters() if p.requires_grad]
            # PyTorch has fused optimisers for the CPU since 2.4.
            on_gpu = all(p.is_cuda for p in trained)
            has_fused = on_gpu or torch.__version__ >= (2, 4)
            self.optimizer_cfg.setdefault('fused', has_fused)
        return super().__call__(model)

    def add_params(self,
                   params: List[dict],
                   module: nn.Module,
                   prefix: str = '',
                   is_dcn_module: Optional[bool] = None) -> None:
        """Append the groups of a module and its children.

        Args:
            params (list[dict]): Groups so far; changed in place.
            module (nn.Module): The module.
            prefix (str): Its name.
            is_dcn_module (bool, optional): See mmengine.
        """
        if not any(p.requires_grad for p in module.parameters()):
            return
        # Into a list of their own: the groups of this module's parameters come
        # first, in order, which is how they are found again below.
        groups: List[dict] = []
        super().add_params(groups, module, prefix, is_dcn_module)
        decay_mult = self._decay_mult_of_kind(module)
        if decay_mult is not None and self.base_wd is not None:
            trained = (f'{prefix}.{name}' for name, p in
                       module.named_parameters(recurse=False)
                       if p.requires_grad)
            for name, group in zip(trained, groups):
                if 'decay_mult' not in self._custom_settings(name):
                    group['weight_decay'] = self.base_wd * decay_mult
        _merge_into(params, groups)

    def _decay_mult_of_kind(self, module: nn.Module) -> Optional[float]:
        """Weight decay multiplier of a norm or an embedding."""
        if isinstance(module, nn.Embedding):
            return self.paramwise_cfg.get('embedding_decay_mult')
        if isinstance(module, NORMS):
            return self.paramwise_cfg.get('norm_decay_mult')
        return None

    def _custom_settings(self, name: str) -> dict:
        """Those of the custom key that mmengine takes for a parameter."""
        keys = self.paramwise_cfg.get('custom_keys', {})
        fitting = sorted((key for key in keys if key in name),
                         key=lambda key: (-len(key), key))
        return keys[fitting[0]] if fitting else {}


def _merge_into(params: List[dict], groups: List[dict]) -> None:
    """Add groups to ``params``, joining those of equal settings."""
    for group in groups:
        for other in params:
            if _settings(other) == _settings(group):
                other['params'] = other['params'] + group['params']
                break
        else:
            params.append(dict(group))


def _settings(group: dict) -> dict:
    return {key: value for key, value in group.items() if key != 'params'}
