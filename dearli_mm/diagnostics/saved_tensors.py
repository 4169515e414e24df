"""Memory that the backward pass needs: a figure for any device."""
from collections import defaultdict
from contextlib import contextmanager
from typing import Callable, Dict, Iterator, List

import torch
from torch import Tensor, nn

# Modules whose share is worth a line of its own.
DEPTH = 3


def saved_bytes(forward: Callable[[], Tensor], model: nn.Module) -> int:
    """Bytes that a forward pass keeps for the backward pass.

    Storages are counted once, parameters and buffers not at all.

    Args:
        forward (Callable): Runs the forward pass; its graph is dropped.
        model (nn.Module): Whose parameters do not count.

    Returns:
        int: Bytes.
    """
    return sum(saved_bytes_of_modules(forward, model).values())


def saved_bytes_of_modules(forward: Callable[[], Tensor],
                           model: nn.Module) -> Dict[str, int]:
    """:func:`saved_bytes` of each module, most first.

    Returns:
        dict[str, int]: Bytes of the innermost running module, named to a
        depth of three; ``'losses'`` for what is kept outside of modules.
    """
    own = {
        tensor.untyped_storage()._cdata
        for tensor in (*model.parameters(), *model.buffers())
    }
    sizes: Dict[str, int] = defaultdict(int)
    seen = {}  # keeps the storages alive, so that no address comes twice

    with _running_modules(model) as running:

        def pack(tensor: Tensor) -> Tensor:
            storage = tensor.untyped_storage()
            if storage._cdata not in own and storage._cdata not in seen:
                seen[storage._cdata] = storage
                sizes[running[-1]] += storage.nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda x: x):
            forward()
    return dict(sorted(sizes.items(), key=lambda item: -item[1]))


@contextmanager
def _running_modules(model: nn.Module) -> Iterator[List[str]]:
    """Names of the modules whose forward() is running, innermost last."""
    running = ['losses']
    handles = []

    def leave() -> None:
        running.pop()

    for name, module in model.named_modules():
        short = '.'.join(name.split('.')[:DEPTH])
        if not short:
            continue
        handles.append(
            module.register_forward_pre_hook(
                lambda *_, short=short: running.append(short)))
        handles.append(module.register_forward_hook(lambda *_: leave()))
    try:
        yield running
    finally:
        for handle in handles:
            handle.remove()
