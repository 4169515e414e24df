"""The masks of segments that do not overlap, as one map."""
from typing import Sequence, Tuple

import cv2
import mmcv
import numpy as np
import torch
from mmdet.structures.bbox import HorizontalBoxes
from mmdet.structures.mask import BitmapMasks
from torch import Tensor

from .compact_masks import CompactMasks


class SegmentIdMasks(CompactMasks):
    """Masks that do not overlap, as a map of segment numbers.

    One small map is changed instead of N masks, and is all that travels from
    the loader's workers, in shared memory, and to the GPU.

    Args:
        id_map (Tensor): uint8 or int16 [H, W], number of each pixel's
            segment.
        ids (Sequence[int]): Numbers of the N masks, not 0.
    """

    def __init__(self, id_map: Tensor, ids: Sequence[int]) -> None:
        self.id_map = id_map
        self.ids = np.asarray(ids, dtype=np.int64)
        self.height, self.width = id_map.shape

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

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index) -> 'SegmentIdMasks':
        """Some of the masks; the map is shared."""
        return type(self)(self.id_map, np.atleast_1d(self.ids[index]))

    def _changed(self, id_map: np.ndarray) -> 'SegmentIdMasks':
        return type(self)(
            torch.from_numpy(np.ascontiguousarray(id_map)), self.ids)

    def resize(self,
               out_shape: Tuple[int, int],
               interpolation: str = 'nearest') -> BitmapMasks:
        """See :meth:`BitmapMasks.resize`."""
        if interpolation != 'nearest':
            return super().resize(out_shape, interpolation)
        return self._changed(
            mmcv.imresize(
                self.id_map.numpy(),
                out_shape[::-1],
                interpolation='nearest',
                backend='cv2'))

    def flip(self, flip_direction: str = 'horizontal') -> 'SegmentIdMasks':
        """See :meth:`BitmapMasks.flip`."""
        return self._changed(
            mmcv.imflip(self.id_map.numpy(), direction=flip_direction))

    def pad(self, out_shape: Tuple[int, int], pad_val: int = 0) -> BitmapMasks:
        """See :meth:`BitmapMasks.pad`."""
        if pad_val != 0:  # a pixel that is of all masks has no number
            return super().pad(out_shape, pad_val)
        if tuple(out_shape) == (self.height, self.width):
            return self
        return self._changed(
            mmcv.impad(self.id_map.numpy(), shape=out_shape, pad_val=0))

    def crop(self, bbox: np.ndarray) -> 'SegmentIdMasks':
        """See :meth:`BitmapMasks.crop`."""
        return self._changed(self.id_map.numpy()[self._window(bbox)])

    def get_bboxes(self, dst_type: str = 'hbox'):
        """Boxes of the masks, HorizontalBoxes [N, 4]; zeros if empty."""
        boxes = np.zeros((len(self), 4), np.float32)
        id_map = self.id_map.numpy()
        # Of the map's type, or all pixels would be converted to 64 bits.
        for box, number in zip(boxes, self.ids.astype(id_map.dtype)):
            mask = (id_map == number).view(np.uint8)
            left, top, width, height = cv2.boundingRect(mask)
            box[:] = left, top, left + width, top + height
        return HorizontalBoxes(boxes).convert_to(dst_type)

    def to_tensor(self, dtype: torch.dtype, device) -> Tensor:
        """The masks, [N, H, W]; they are made on the device."""
        id_map = self.id_map.to(device, non_blocking=True)
        ids = torch.from_numpy(self.ids).to(
            device, id_map.dtype, non_blocking=True)
        return (id_map == ids.view(-1, 1, 1)).to(dtype)
