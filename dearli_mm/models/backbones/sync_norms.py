"""Batch norms of timm under ``sync_bn`` of a config."""
from torch import nn

from dearli_mm.utils.lazy import lazy_module

timm = lazy_module('timm')


def keep_activations(module: nn.Module) -> None:
    """Let synchronised batch norms do what those of timm did.

    Some batch norms of timm apply their activation, too. mmengine's
    conversion makes plain ``SyncBatchNorm`` of them, which has the activation
    as a part and does not call it.

    Args:
        module (nn.Module): Changed in place.
    """
    for part in module.modules():
        if type(part) is nn.SyncBatchNorm and hasattr(part, 'act'):
            part.__class__ = timm.layers.SyncBatchNormAct
