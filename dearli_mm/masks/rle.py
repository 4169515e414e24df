"""COCO RLE of many masks at once, on the device that they are on."""
from typing import List

import numpy as np
import torch
from pycocotools import mask as coco_mask
from torch import Tensor


def encode_masks(masks: Tensor) -> List[dict]:
    """Encode masks; only the ends of runs leave the device.

    Args:
        masks (Tensor): bool [N, H, W].

    Returns:
        list[dict]: N compressed COCO RLEs, ``counts`` in bytes.
    """
    num_masks, height, width = masks.shape
    if num_masks == 0:
        return []
    columns = masks.transpose(1, 2).flatten(1)  # COCO counts down columns
    # Runs alternate and the first is one of zeros, so a run ends wherever a
    # value differs from the one before it, a zero being before the first.
    ends = torch.empty_like(columns)
    ends[:, 0] = columns[:, 0]
    torch.ne(columns[:, 1:], columns[:, :-1], out=ends[:, 1:])
    index, position = ends.nonzero(as_tuple=True)
    per_mask = torch.bincount(index, minlength=num_masks).cumsum(0)
    parts = np.split(position.cpu().numpy(), per_mask[:-1].cpu().numpy())
    size = height * width
    runs = [
        dict(
            size=[height, width],
            counts=np.diff(part, prepend=0, append=size).astype(np.uint32))
        for part in parts
    ]
    return coco_mask.frPyObjects(runs, height, width)


def mask_boxes(masks: Tensor) -> Tensor:
    """Boxes around masks, the last row and column included.

    Args:
        masks (Tensor): bool [N, H, W].

    Returns:
        Tensor: int64 [N, 4], (x0, y0, x1, y1); zeros for an empty mask.
    """
    first_last = []
    for line in (masks.any(1), masks.any(2)):  # columns, then rows
        line = line.to(torch.uint8)
        first = line.argmax(1)
        last = line.shape[1] - 1 - line.flip(1).argmax(1)
        first_last.append((first, last))
    (x0, x1), (y0, y1) = first_last
    boxes = torch.stack((x0, y0, x1, y1), 1)
    return boxes * masks.flatten(1).any(1, keepdim=True)
