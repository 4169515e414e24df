"""Whether a head fits the features that it is going to get."""
from typing import List, Optional, Sequence

import torch
from torch import nn

SIDE = 64  # pixels; each of the four strides divides it


def check_in_channels(network: nn.Module, in_channels: Sequence[int]) -> None:
    """Compare a head's ``in_channels`` with what backbone and neck give.

    A backbone that cannot take a small black image is left to the first step.

    Args:
        network (nn.Module): A detector with ``extract_feat``.
        in_channels (Sequence[int]): Of its head.

    Raises:
        ValueError: If they differ in number or size.
    """
    found = _feature_channels(network)
    if found is not None and found != list(in_channels):
        raise ValueError(
            f'panoptic_head.in_channels={list(in_channels)}, but '
            f'{type(network.backbone).__name__} gives maps of {found} '
            f'channels{" behind the neck" if network.with_neck else ""}. '
            f'Set in_channels to these, or choose other out_indices of the '
            'backbone: the head needs strides 4, 8, 16 and 32')


def _feature_channels(network: nn.Module) -> Optional[List[int]]:
    told = getattr(network.backbone, 'out_channels', None)
    if told is not None and not network.with_neck:
        return list(told)
    weight = next(network.parameters())
    black = weight.new_zeros(1, 3, SIDE, SIDE)
    # No statistics are gathered; each module returns to its mode.
    training = [module for module in network.modules() if module.training]
    for module in training:
        module.training = False
    try:
        with torch.no_grad():
            return [maps.shape[1] for maps in network.extract_feat(black)]
    except Exception:  # of anybody's backbone
        return None
    finally:
        for module in training:
            module.training = True
