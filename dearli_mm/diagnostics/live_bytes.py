"""How much memory tensors hold while something runs."""
import weakref
from functools import lru_cache
from typing import Dict

import torch
from torch import Tensor, UntypedStorage
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only


class LiveBytes(TorchDispatchMode):
    """Adds up the storages that are made inside, and takes off freed ones.

    Works for tensors of any device, and for fake ones, which have a size but
    no memory.

    Attributes:
        live (int): Bytes of the storages that are there now.
        peak (int): Most of them at one time.

    Raises:
        NotImplementedError: If this PyTorch does not tell when memory is
            freed.
    """

    def __init__(self) -> None:
        super().__init__()
        if not tells_when_freed():
            raise NotImplementedError(
                f'PyTorch {torch.__version__} does not tell when memory is '
                'freed, so that what is alive cannot be counted; run this '
                'with a newer one (2.14 is known to do)')
        self.live = 0
        self.peak = 0
        self._sizes: Dict[int, int] = {}
        self._outer: Dict[int, UntypedStorage] = {}  # of which views are made

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        tree_map_only(Tensor, self._pass_over, (args, kwargs))
        out = func(*args, **(kwargs or {}))
        tree_map_only(Tensor, self._add, out)
        self.peak = max(self.peak, self.live)
        return out

    def _pass_over(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        if storage._cdata not in self._sizes:
            self._outer[storage._cdata] = storage

    def _add(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        key = storage._cdata
        if key not in self._sizes and key not in self._outer:
            self._sizes[key] = storage.nbytes()
            self.live += storage.nbytes()
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
