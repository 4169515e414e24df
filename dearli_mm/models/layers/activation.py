"""Activations that write their results beside their inputs."""
from torch import nn


def activate_out_of_place(module: nn.Module) -> None:
    """Let no ReLU of a module work in place.

    A linear layer's result is a view of a product. Changing a view in place
    makes autograd copy the whole gradient, three times, while the input of a
    ReLU that is not changed is freed at once: nothing else needs it.

    Args:
        module (nn.Module): Changed in place.
    """
    for layer in module.modules():
        if isinstance(layer, nn.ReLU):
            layer.inplace = False
