"""Images for a network, and masks of queries back at the size of an image."""
from typing import Iterator, Sequence, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor

# Values of mask logits that are held at full size at a time: 256 MiB.
MAX_VALUES = 2**26


def resize_logits(mask_logits: Tensor, size: Sequence[int]) -> Tensor:
    """Bilinear resize of [B, Q, h, w] logits to ``size``; no copy if equal."""
    if mask_logits.shape[-2:] == tuple(size):
        return mask_logits
    if mask_logits.shape[1] == 0:  # which interpolate() refuses
        return mask_logits.new_zeros(*mask_logits.shape[:2], *size)
    return F.interpolate(
        mask_logits, size=tuple(size), mode='bilinear', align_corners=False)


def resize_for_patches(images: Tensor, patch_size: int) -> Tensor:
    """Resize images so that a ViT gives a map of stride 16 of theirs.

    Args:
        images (Tensor): Shape [B, C, H, W], sides multiples of 16.
        patch_size (int): Pixels of a patch.

    Returns:
        Tensor: Shape [B, C, H / 16 * patch_size, ...]; the very images for
        patches of 16.
    """
    if patch_size == 16:
        return images
    size = [side // 16 * patch_size for side in images.shape[2:]]
    return F.interpolate(images, size, mode='bilinear', antialias=True)


def resize_in_bands(mask_logits: Tensor,
                    input_size: Tuple[int, int],
                    valid_size: Tuple[int, int],
                    size: Tuple[int, int],
                    max_values: int = MAX_VALUES) -> Iterator[Tensor]:
    """Mask logits at the size of the result, in bands of rows from above.

    They are resized to the network's input, whose padding is cut off, and
    from there to the result. A result of up to ``max_values`` is one band.

    Args:
        mask_logits (Tensor): Shape [Q, h, w].
        input_size (tuple[int, int]): Height and width of the padded input.
        valid_size (tuple[int, int]): Of its part that is image.
        size (tuple[int, int]): Of the result.
        max_values (int): Numbers that a band may hold.

    Yields:
        Tensor: Shape [Q, rows, W]; at least one.
    """
    height, width = size
    rows = max(max_values // max(len(mask_logits) * width, 1), 1)
    if rows >= height:
        masks = resize_logits(mask_logits[None], input_size)
        masks = masks[..., :valid_size[0], :valid_size[1]]
        yield resize_logits(masks, size)[0]
        return
    for start in range(0, height, rows):
        stop = min(start + rows, height)
        # Rows of the input that the band is made of.
        above, _ = _source_rows(valid_size[0], height, start, stop)
        first, last = above[[0, -1]].tolist()
        last = min(last + 1, valid_size[0] - 1)
        masks = _resize_rows(mask_logits, 0, mask_logits.shape[-2],
                             input_size, first, last + 1)
        yield _resize_rows(masks[..., :valid_size[1]], first, valid_size[0],
                           size, start, stop)


def _resize_rows(maps: Tensor, offset: int, in_height: int,
                 size: Tuple[int, int], start: int, stop: int) -> Tensor:
    """Rows ``start`` to ``stop`` of bilinearly resized maps.

    Args:
        maps (Tensor): Rows ``offset``, ... of the maps, [Q, h, w].
        in_height (int): Rows of the whole maps.
        size (tuple[int, int]): Height and width of the whole result.
        start (int): First row of the result.
        stop (int): Row after the last one.
    """
    above, weight = _source_rows(in_height, size[0], start, stop)
    below = (above + 1).clamp(max=in_height - 1)
    above, below = ((rows - offset).to(maps.device) for rows in (above, below))
    weight = weight.to(maps)[:, None]
    maps = maps[:, above].lerp(maps[:, below], weight)
    return resize_logits(maps[None], (stop - start, size[1]))[0]


def _source_rows(in_height: int, out_height: int, start: int,
                 stop: int) -> Tuple[Tensor, Tensor]:
    """Upper source row of some rows of the result, and weight of the lower.

    Pixels are areas, as with ``align_corners=False``.
    """
    rows = torch.arange(start, stop, dtype=torch.float64)
    rows = ((rows + 0.5) * in_height / out_height - 0.5).clamp(min=0)
    return rows.long(), rows - rows.floor()
