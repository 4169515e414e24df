"""What the masks of this folder have in common."""
from typing import Sequence, Tuple, Union

import cv2
import mmcv
import numpy as np
import torch
from mmdet.structures.mask import BitmapMasks
from torch import Tensor


class CompactMasks(BitmapMasks):
    """``BitmapMasks`` in a form that is small and quick to change.

    That form is changed where nearest resizing, cropping, flipping and
    padding are asked for, with the pixels of ``BitmapMasks``. Whatever else
    is asked for (``masks``, rotation, ...) makes bitmaps. It is all that
    travels from the loader's workers, in shared memory, and to the GPU.

    Args:
        pixels (Tensor): Integer [..., H, W]; what they mean is the
            subclass's.
        numbers (Sequence[int]): By which the pixels tell the N masks.

    Attributes:
        height (int): H.
        width (int): W.
    """

    def __init__(self, pixels: Tensor, numbers: Sequence[int]) -> None:
        self.pixels = pixels
        self.numbers = np.asarray(numbers, dtype=np.int64)
        self.height, self.width = pixels.shape[-2:]

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, index) -> 'CompactMasks':
        """Some of the masks; the pixels are shared."""
        return type(self)(self.pixels, np.atleast_1d(self.numbers[index]))

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(num_masks={len(self)}, '
                f'height={self.height}, width={self.width})')

    @property
    def masks(self) -> np.ndarray:
        """np.ndarray: uint8 [N, H, W], made at each call."""
        return self.to_tensor(torch.uint8, 'cpu').numpy()

    def rescale(self,
                scale: Union[float, Tuple[int, int]],
                interpolation: str = 'nearest') -> BitmapMasks:
        """See :meth:`BitmapMasks.rescale`."""
        width, height = mmcv.rescale_size((self.width, self.height), scale)
        return self.resize((height, width), interpolation)

    def resize(self,
               out_shape: Tuple[int, int],
               interpolation: str = 'nearest') -> BitmapMasks:
        """See :meth:`BitmapMasks.resize`."""
        if interpolation != 'nearest':
            return super().resize(out_shape, interpolation)
        planes = self.pixels.numpy().reshape(-1, self.height, self.width)
        if planes.dtype == np.int64:  # OpenCV has none, and copies pixels
            planes = planes.view(np.float64)
        resized = np.zeros((len(planes), *out_shape), planes.dtype)
        for plane, target in zip(planes, resized):
            cv2.resize(plane, tuple(out_shape[::-1]), target,
                       interpolation=cv2.INTER_NEAREST)
        pixels = torch.from_numpy(resized).view(self.pixels.dtype)
        return type(self)(
            pixels.view(*self.pixels.shape[:-2], *out_shape), self.numbers)

    def flip(self, flip_direction: str = 'horizontal') -> 'CompactMasks':
        """See :meth:`BitmapMasks.flip`."""
        axes = dict(horizontal=(-1, ), vertical=(-2, ), diagonal=(-2, -1))
        return type(self)(self.pixels.flip(axes[flip_direction]),
                          self.numbers)

    def pad(self, out_shape: Tuple[int, int], pad_val: int = 0) -> BitmapMasks:
        """See :meth:`BitmapMasks.pad`; at the right and at the bottom."""
        if pad_val != 0:  # a pixel that is of all masks may have no number
            return super().pad(out_shape, pad_val)
        if tuple(out_shape) == (self.height, self.width):
            return self
        pixels = self.pixels.new_zeros(*self.pixels.shape[:-2], *out_shape)
        pixels[..., :self.height, :self.width] = self.pixels
        return type(self)(pixels, self.numbers)

    def crop(self, bbox: np.ndarray) -> 'CompactMasks':
        """See :meth:`BitmapMasks.crop`; one pixel at least."""
        x0, x1 = np.clip(bbox[0::2], 0, self.width)
        y0, y1 = np.clip(bbox[1::2], 0, self.height)
        pixels = self.pixels[..., y0:max(y1, y0 + 1), x0:max(x1, x0 + 1)]
        return type(self)(pixels.contiguous(), self.numbers)

    @classmethod
    def cat(cls, masks: Sequence[BitmapMasks]) -> BitmapMasks:
        """See :meth:`BitmapMasks.cat`."""
        return BitmapMasks.cat(masks)
