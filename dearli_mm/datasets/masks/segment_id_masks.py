"""The masks of segments that do not overlap, as one map."""
from typing import Sequence

import cv2
import numpy as np
import torch
from mmdet.structures.bbox import HorizontalBoxes
from torch import Tensor

from .compact_masks import CompactMasks


class SegmentIdMasks(CompactMasks):
    """Masks that do not overlap, as a map of segment numbers.

    One small map is changed instead of N masks.

    Args:
        pixels (Tensor): uint8 or int16 [H, W], number of each pixel's
            segment.
        numbers (Sequence[int]): Those of the N masks, not 0.
    """

    @classmethod
    def from_array(cls, id_map: np.ndarray,
                   ids: Sequence[int]) -> 'SegmentIdMasks':
        """Masks of a map of any integer type, in the smallest that fits.

        Args:
            id_map (np.ndarray): Integer [H, W], values 0..32767.
            ids (Sequence[int]): Numbers of the N masks, not 0.

        Raises:
            ValueError: If a number is above 32767.
        """
        top = int(id_map.max(initial=0))
        if top > np.iinfo(np.int16).max:
            raise ValueError(f'an image of {top} segments; at most 32767 fit')
        # An id without pixels must fit as well, or it would wrap onto another.
        dtype = np.uint8 if max([top, *ids]) < 256 else np.int16
        return cls(torch.from_numpy(id_map.astype(dtype)), ids)

    def get_bboxes(self, dst_type: str = 'hbox'):
        """Boxes of the masks, HorizontalBoxes [N, 4]; zeros if empty."""
        boxes = np.zeros((len(self), 4), np.float32)
        id_map = self.pixels.numpy()
        # Of the map's type, or all pixels would be converted to 64 bits.
        for box, number in zip(boxes, self.numbers.astype(id_map.dtype)):
            mask = (id_map == number).view(np.uint8)
            left, top, width, height = cv2.boundingRect(mask)
            box[:] = left, top, left + width, top + height
        return HorizontalBoxes(boxes).convert_to(dst_type)

    def to_tensor(self, dtype: torch.dtype, device) -> Tensor:
        """The masks, [N, H, W]; they are made on the device."""
        id_map = self.pixels.to(device, non_blocking=True)
        ids = torch.from_numpy(self.numbers).to(
            device, id_map.dtype, non_blocking=True)
        return (id_map == ids.view(-1, 1, 1)).to(dtype)
