"""Linear layers on a CPU by oneDNN, which convolutions use as well.

PyTorch multiplies float32 matrices by MKL, which is at its best on Intel's
processors and keeps to half of the vector width on others. There oneDNN is
faster, though weights' gradients need transposed copies with it.
"""
from functools import lru_cache
from pathlib import Path
from types import MethodType
from typing import Optional

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

# Below, the call costs more than the product.
LEAST_ROWS = 16


def multiply_by_onednn(module: nn.Module) -> None:
    """Let all linear layers of a module compute by :func:`linear`.

    Args:
        module (nn.Module): Changed in place; parameters stay as they are.
    """
    for layer in module.modules():
        if isinstance(layer, nn.Linear):
            layer.forward = MethodType(_forward, layer)


def _forward(layer: nn.Linear, x: Tensor) -> Tensor:
    return linear(x, layer.weight, layer.bias)


def linear(x: Tensor, weight: Tensor, bias: Optional[Tensor]) -> Tensor:
    """``F.linear``, by oneDNN where that is possible and pays.

    Args:
        x (Tensor): Shape [..., C].
        weight (Tensor): Shape [D, C].
        bias (Tensor, optional): Shape [D].

    Returns:
        Tensor: Shape [..., D].
    """
    if (x.device.type != 'cpu' or x.dtype != torch.float32
            or x[..., 0].numel() < LEAST_ROWS
            or autocast_is_on()
            or _is_compiling()  # which has ways of its own
            or mkl_is_at_its_best()
            or not torch.backends.mkldnn.is_available()):
        return F.linear(x, weight, bias)
    rows = _Linear.apply(x.reshape(-1, x.shape[-1]), weight, bias)
    return rows.view(*x.shape[:-1], -1)


@lru_cache(maxsize=1)
def mkl_is_at_its_best() -> bool:
    """Whether the processor is one of Intel's, as far as can be told."""
    try:
        return 'GenuineIntel' in Path('/proc/cpuinfo').read_text()
    except OSError:  # not Linux
        return False


def autocast_is_on() -> bool:
    """Whether a CPU's autocast is on, whichever PyTorch it is."""
    try:
        return torch.is_autocast_enabled('cpu')
    except TypeError:  # before PyTorch 2.4
        return torch.is_autocast_cpu_enabled()


def _is_compiling() -> bool:
    try:
        return torch.compiler.is_compiling()
    except AttributeError:  # before PyTorch 2.3
        return torch._dynamo.is_compiling()


def _product(x: Tensor, weight: Tensor, bias: Optional[Tensor]) -> Tensor:
    """``x @ weight.T + bias``."""
    return torch.ops.mkldnn._linear_pointwise(x.contiguous(),
                                              weight.contiguous(), bias,
                                              'none', [], '')


class _Linear(torch.autograd.Function):

    @staticmethod
    def forward(ctx, x, weight, bias):
        ctx.save_for_backward(x, weight)
        return _product(x, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        x, weight = ctx.saved_tensors
        of_x = of_weight = of_bias = None
        if ctx.needs_input_grad[0]:
            of_x = _product(grad, weight.t(), None)
        if ctx.needs_input_grad[1]:
            of_weight = _product(grad.t(), x.t(), None)
        if ctx.needs_input_grad[2]:
            of_bias = grad.sum(0)
        return of_x, of_weight, of_bias
