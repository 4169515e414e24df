"""Shortcuts for one kind of machine, behind one door."""
from mmcv.ops import MultiScaleDeformableAttention
from torch import nn

from .deformable_attention import FastDeformableAttention

__all__ = ['use_fast_paths']


def use_fast_paths(model: nn.Module) -> None:
    """Let the layers of a built model take shorter ways to their results.

    Layers change their class and nothing else: parameters, names and results
    stay, and models can be pickled and copied. The list:

    - *Deformable attention* where mmcv has no compiled operator. On a CPU one
      weighted bag of pixels per query in place of samples that are written
      down: half of the time of mmcv's PyTorch version (AMD EPYC, one thread),
      15 % of a training step. On a GPU a Triton kernel: 28 of the 208 ms
      that an H200 works in a step of the paper (docs/performance.md).
      :func:`~.deformable_attention.way_on` chooses.

    Args:
        model (nn.Module): Changed in place.
    """
    for module in model.modules():
        if type(module) is MultiScaleDeformableAttention and \
                module.batch_first:
            module.__class__ = FastDeformableAttention
