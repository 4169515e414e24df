"""What tensors hold while something runs, on any device or none."""
import weakref
from collections import defaultdict
from contextlib import contextmanager
from functools import lru_cache, partial
from typing import Any, Callable, Dict, Iterator, List, Optional

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only

DEPTH = 3  # of the names of modules whose share is worth a line of its own


class LiveBytes(TorchDispatchMode):
    """Adds up the storages that are made inside, and takes off freed ones.

    Works for fake tensors, too, which have a size but no memory. Right only
    where :func:`tells_when_freed`.

    Attributes:
        live (int): Bytes of the storages that are there now.
        peak (int): Most of them at one time.
    """

    def __init__(self) -> None:
        super().__init__()
        self.live = 0
        self.peak = 0
        self._sizes: Dict[int, int] = {}  # 0 for storages from outside

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        tree_map_only(Tensor, partial(self._see, new=False), (args, kwargs))
        out = func(*args, **(kwargs or {}))
        tree_map_only(Tensor, partial(self._see, new=True), out)
        self.peak = max(self.peak, self.live)
        return out

    def _see(self, tensor: Tensor, new: bool) -> None:
        storage = tensor.untyped_storage()
        key = storage._cdata
        if key not in self._sizes:
            self._sizes[key] = storage.nbytes() if new else 0
            self.live += self._sizes[key]
            weakref.finalize(storage, self._remove, key)

    def _remove(self, key: int) -> None:
        self.live -= self._sizes.pop(key)


@lru_cache(maxsize=None)
def tells_when_freed() -> bool:
    """Whether a storage's finalizer runs when its last tensor is gone."""
    tensor = torch.zeros(2)
    view = tensor[1:]
    gone = weakref.finalize(tensor.untyped_storage(), int)
    del tensor
    waited = gone.alive
    del view
    return waited and not gone.alive


def peak_bytes(run: Callable[[], Any], device: str = 'cpu') -> Optional[int]:
    """The most that tensors hold at one time while something runs.

    Args:
        run (Callable): What is run, once.
        device (str): Whose tensors; those of a GPU are told by its allocator.

    Returns:
        int | None: Bytes beyond those that were held before; None if this
        PyTorch does not tell when memory of a CPU is freed.
    """
    if torch.device(device).type == 'cuda':
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        run()
        return torch.cuda.max_memory_allocated(device) - before
    if not tells_when_freed():
        run()
        return None
    with LiveBytes() as memory:
        run()
    return memory.peak


def saved_bytes(forward: Callable[[], Tensor],
                model: nn.Module) -> Dict[str, int]:
    """Bytes that a forward pass keeps for the backward pass.

    Storages are counted once, parameters and buffers not at all.

    Args:
        forward (Callable): Runs the forward pass; its graph is dropped.
        model (nn.Module): Whose modules are told apart.

    Returns:
        dict[str, int]: Bytes of the innermost running module, named to a
        depth of three, most first; ``'losses'`` for what is kept outside of
        modules.
    """
    sizes: Dict[str, int] = defaultdict(int)
    # Keeps the storages alive, so that no address comes twice.
    seen = {storage._cdata: storage for storage in (
        tensor.untyped_storage()
        for tensor in (*model.parameters(), *model.buffers()))}

    with _running_modules(model) as running:

        def pack(tensor: Tensor) -> Tensor:
            storage = tensor.untyped_storage()
            if storage._cdata not in seen:
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

    def leave(*_) -> None:
        running.pop()

    for name, module in model.named_modules():
        short = '.'.join(name.split('.')[:DEPTH])
        if short:
            handles.append(
                module.register_forward_pre_hook(
                    lambda *_, short=short: running.append(short)))
            handles.append(module.register_forward_hook(leave))
    try:
        yield running
    finally:
        for handle in handles:
            handle.remove()
