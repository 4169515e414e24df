"""Few parameter groups, so that the optimiser can take fused steps."""
from typing import List, Optional

from mmdet.registry import OPTIM_WRAPPER_CONSTRUCTORS
from mmengine.optim import DefaultOptimWrapperConstructor
from torch import nn


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class GroupedOptimWrapperConstructor(DefaultOptimWrapperConstructor):
    """mmengine's constructor with one group for each setting.

    mmengine makes a group of every parameter; here parameters of equal
    settings (learning rate, weight decay, ...) share a group. Sub-networks
    without trainable parameters, such as the teacher, are passed over.

    Besides mmengine's, ``paramwise_cfg`` may have ``embedding_decay_mult``:
    the weight decay multiplier of ``nn.Embedding``. As everywhere,
    ``custom_keys`` come before it.
    """

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
        groups: List[dict] = []
        super().add_params(groups, module, prefix, is_dcn_module)
        decay_mult = self.paramwise_cfg.get('embedding_decay_mult')
        if isinstance(module, nn.Embedding) and decay_mult is not None:
            for group in groups:
                group.setdefault('weight_decay', self.base_wd * decay_mult)
        _merge_into(params, groups)


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
