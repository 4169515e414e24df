"""Activation checkpointing of a layer, whatever the layer's class.

mmdet builds the layers of its pixel decoder and its mask decoder itself, so
they cannot be replaced by subclasses through a config. A method bound to the
layer does the same, and a deep copy of the layer (the teacher) binds its own.
"""
from types import MethodType
from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint


def checkpoint_activations(layer: nn.Module) -> None:
    """Let a layer keep its inputs only, and run again for the gradient.

    Args:
        layer (nn.Module): Changed in place.
    """
    layer.forward = MethodType(_checkpointed, layer)


def _checkpointed(layer: nn.Module, *args, **kwargs) -> Any:
    forward = type(layer).forward
    if not torch.is_grad_enabled():
        return forward(layer, *args, **kwargs)
    return checkpoint(forward, layer, *args, use_reentrant=False, **kwargs)
