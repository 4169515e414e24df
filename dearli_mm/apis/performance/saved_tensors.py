"""Memory that the backward pass needs: a figure for any device."""
from typing import Callable, Dict

import torch
from torch import Tensor, nn


def saved_bytes(forward: Callable[[], Tensor], model: nn.Module) -> int:
    """Bytes that a forward pass keeps for the backward pass.

    Storages are counted once, parameters and buffers not at all.

    Args:
        forward (Callable): Runs the forward pass; its graph is dropped.
        model (nn.Module): Whose parameters do not count.

    Returns:
        int: Bytes.
    """
    own = {
        tensor.untyped_storage().data_ptr()
        for tensor in (*model.parameters(), *model.buffers())
    }
    storages: Dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            storages[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda x: x):
        loss = forward()  # its graph keeps the storages alive  # noqa: F841
        return sum(storages.values())
