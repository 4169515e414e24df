"""What the masks of this folder have in common."""
from typing import Sequence, Tuple, Union

import mmcv
import numpy as np
import torch
from mmdet.structures.mask import BitmapMasks


class CompactMasks(BitmapMasks):
    """``BitmapMasks`` in a form that is small and quick to change.

    Subclasses change that form where nearest resizing, cropping, flipping and
    padding are asked for, with the pixels of ``BitmapMasks``. Whatever else
    is asked for (``masks``, rotation, ...) makes bitmaps.

    Attributes:
        height (int): H.
        width (int): W.
    """

    @property
    def masks(self) -> np.ndarray:
        """np.ndarray: uint8 [N, H, W], made at each call."""
        return self.to_tensor(torch.uint8, 'cpu').numpy()

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(num_masks={len(self)}, '
                f'height={self.height}, width={self.width})')

    def rescale(self,
                scale: Union[float, Tuple[int, int]],
                interpolation: str = 'nearest') -> BitmapMasks:
        """See :meth:`BitmapMasks.rescale`."""
        width, height = mmcv.rescale_size((self.width, self.height), scale)
        return self.resize((height, width), interpolation)

    def _window(self, bbox: np.ndarray) -> Tuple[slice, slice]:
        """Rows and columns of a box (x0, y0, x1, y1), one pixel at least."""
        x0, x1 = np.clip(bbox[0::2], 0, self.width)
        y0, y1 = np.clip(bbox[1::2], 0, self.height)
        return slice(y0, max(y1, y0 + 1)), slice(x0, max(x1, x0 + 1))

    @classmethod
    def cat(cls, masks: Sequence[BitmapMasks]) -> BitmapMasks:
        """See :meth:`BitmapMasks.cat`."""
        return BitmapMasks.cat(masks)
