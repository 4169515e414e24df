"""What depends on the size of a feature map alone, worked out once."""
from functools import lru_cache
from typing import Sequence, Tuple

import torch
from mmdet.models.layers import SinePositionalEncoding
from torch import Tensor

# As many sizes as multi-scale training or testing meets in a while.
SIZES = 64


def sine_positions(encoding: SinePositionalEncoding, size: Tuple[int, int],
                   device: torch.device) -> Tensor:
    """Position encoding of a map without padding.

    Args:
        encoding (SinePositionalEncoding): Its settings are used.
        size (tuple[int, int]): Height and width.
        device (torch.device): Where to.

    Returns:
        Tensor: Shape [1, H * W, C], shared: not to be changed.
    """
    settings = ('num_feats', 'temperature', 'normalize', 'scale', 'eps',
                'offset')
    return _sine_positions(
        tuple((name, getattr(encoding, name)) for name in settings),
        tuple(size), device)


@lru_cache(maxsize=SIZES)
@torch.no_grad()
def _sine_positions(settings: tuple, size: Tuple[int, int],
                    device: torch.device) -> Tensor:
    no_padding = torch.zeros(1, *size, dtype=torch.bool, device=device)
    encoding = SinePositionalEncoding(**dict(settings))(no_padding)
    return encoding.flatten(2).transpose(1, 2).contiguous()


@lru_cache(maxsize=SIZES)
def pixel_centres(sizes: Sequence[Tuple[int, int]],
                  device: torch.device) -> Tensor:
    """Centres of the pixels of some maps, in a row.

    Args:
        sizes (tuple[tuple[int, int]]): Heights and widths.
        device (torch.device): Where to.

    Returns:
        Tensor: (x, y) in [0, 1], shape [pixels, 2], shared.
    """
    centres = []
    for height, width in sizes:
        y, x = torch.meshgrid(
            (torch.arange(height, device=device) + 0.5) / height,
            (torch.arange(width, device=device) + 0.5) / width,
            indexing='ij')
        centres.append(torch.stack((x, y), -1).flatten(0, 1))
    return torch.cat(centres)
