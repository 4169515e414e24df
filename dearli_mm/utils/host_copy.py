"""Values on their way from the device to the host."""
import torch
from torch import Tensor


class HostCopy:
    """A tensor that travels to the host while both have other work.

    The host waits for it in :meth:`wait` only, and for what was queued on the
    device before the copy, not for what was queued since. From devices other
    than CUDA's the copy is an ordinary one, which waits at once.

    Args:
        tensor (Tensor): On any device; must not be changed in place.
    """

    def __init__(self, tensor: Tensor) -> None:
        self._arrived = None
        if tensor.is_cuda:
            # Into pinned memory, which PyTorch takes for such copies.
            self._values = tensor.to('cpu', non_blocking=True)
            self._arrived = torch.cuda.Event()
            self._arrived.record()
        else:
            self._values = tensor.cpu()

    def wait(self) -> Tensor:
        """The values, on the host."""
        if self._arrived is not None:
            self._arrived.synchronize()
        return self._values
