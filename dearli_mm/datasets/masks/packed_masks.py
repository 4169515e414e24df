"""Many overlapping masks in little memory."""
from typing import Sequence, Union

import numpy as np
import torch
from mmdet.structures.bbox import HorizontalBoxes
from torch import Tensor

from .compact_masks import CompactMasks

WORD = 64


class PackedMasks(CompactMasks):
    """Binary masks, one bit each: 64 of them are one 64-bit image.

    Used where there are a hundred masks per image: resizing, cropping and
    flipping cost what they cost for one image of 8-byte pixels, and a sixth
    to an eighth of the bytes travels.

    Args:
        pixels (Tensor): int64 [K, H, W], the words.
        numbers (Sequence[int]): Bit of each of the N masks; bit b is bit
            ``b % 64`` of word ``b // 64``.
    """

    @classmethod
    def from_rle(cls, rles: Sequence[dict], height: int,
                 width: int) -> 'PackedMasks':
        """Masks of compressed COCO RLEs, without decoding one by one.

        Args:
            rles (Sequence[dict]): ``counts`` str or bytes.
            height (int): Of the masks.
            width (int): Of the masks.

        Raises:
            ValueError: If an RLE has another size or is no RLE of it.
        """
        words = []
        for start in range(0, len(rles), WORD):
            # A mask starts outside (COCO's first run is of zeros), and its bit
            # changes at the end of every run: the running XOR is the mask.
            changes = np.zeros(height * width + 1, np.uint64)
            for bit, rle in enumerate(rles[start:start + WORD]):
                if list(rle['size']) != [height, width]:
                    raise ValueError(f'a mask of size {list(rle["size"])} in '
                                     f'an image of [{height}, {width}]')
                np.bitwise_xor.at(changes,
                                  run_ends(rle['counts'], height * width),
                                  np.uint64(1 << bit))
            columns = np.bitwise_xor.accumulate(changes[:-1])
            words.append(columns.reshape(width, height).T)  # COCO: by columns
        words = np.stack(words) if words else \
            np.zeros((0, height, width), np.uint64)
        words = np.ascontiguousarray(words).view(np.int64)
        return cls(torch.from_numpy(words), range(len(rles)))

    def get_bboxes(self, dst_type: str = 'hbox'):
        """Boxes of the masks, HorizontalBoxes [N, 4]; zeros if empty."""
        columns = self._has_bit(np.bitwise_or.reduce(self.pixels.numpy(), 1))
        rows = self._has_bit(np.bitwise_or.reduce(self.pixels.numpy(), 2))
        boxes = np.zeros((len(self), 4), np.float32)
        for axis, line in enumerate((columns, rows)):
            present = line.any(1)
            last = line.shape[1] - line[:, ::-1].argmax(1)
            boxes[:, axis] = line.argmax(1) * present
            boxes[:, axis + 2] = last * present
        return HorizontalBoxes(boxes).convert_to(dst_type)

    def _has_bit(self, lines: np.ndarray) -> np.ndarray:
        """Bits of the masks in words [K, L], bool [N, L]."""
        place = (self.numbers % WORD)[:, None]
        return (lines[self.numbers // WORD] >> place) & 1 != 0

    def to_tensor(self, dtype: torch.dtype, device) -> Tensor:
        """The masks, [N, H, W]; they are unpacked on the device."""
        words = self.pixels.to(device, non_blocking=True)
        if len(self) == 0:
            return words.new_zeros(0, self.height, self.width, dtype=dtype)
        # Byte b % 8 of a word is byte plane b; little-endian.
        planes = words.view(torch.uint8).view(*words.shape, WORD // 8)
        bits = torch.from_numpy(self.numbers).to(device)
        # Indexing copies, so what follows may change the copy.
        planes = planes[bits // WORD, :, :, bits % WORD // 8]
        wanted = (1 << bits % 8).to(torch.uint8).view(-1, 1, 1)
        return planes.bitwise_and_(wanted).bool().to(dtype)


def run_ends(counts: Union[str, bytes], size: int) -> np.ndarray:
    """Where the runs of a compressed COCO RLE end.

    A count is written in groups of 5 bits, lowest first, bit 5 saying that
    more follow and bit 4 of the last being the sign; from the fourth on, what
    is written is the difference to the count before the last.

    Args:
        counts (str | bytes): Of the RLE.
        size (int): Number of pixels.

    Returns:
        np.ndarray: int64, increasing, the last is ``size``.

    Raises:
        ValueError: If the runs do not add up to ``size``.
    """
    raw = counts.encode('ascii') if isinstance(counts, str) else counts
    code = np.frombuffer(raw, np.uint8).astype(np.int64) - 48
    # All groups at once: a loop over 100 masks would cost more than decoding.
    last = np.flatnonzero(code & 32 == 0)
    ends = np.zeros(0, np.int64)
    if len(last) and last[-1] == len(code) - 1:
        first = np.concatenate(([0], last[:-1] + 1))
        length = last - first + 1
        place = np.arange(len(code)) - np.repeat(first, length)
        values = np.add.reduceat((code & 31) << 5 * place, first)
        values -= (code[last] >> 4 & 1) << 5 * length
        values[1::2] = np.cumsum(values[1::2])
        values[2::2] = np.cumsum(values[2::2])
        ends = np.cumsum(values)
    if not len(ends) or ends[-1] != size:
        raise ValueError(f'the runs of {str(raw[:20])}... do not add up to '
                         f'{size} pixels: not a mask of this image')
    return ends
