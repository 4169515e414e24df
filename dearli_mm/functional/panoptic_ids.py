"""Segment ids: their PNG encoding, mmdet's encoding, and dense numbering.

Three numberings of the segments of an image meet in panoptic segmentation:
COCO's PNG files store an arbitrary 24-bit id as a colour, mmdet's predictions
store ``label + instance_id * INSTANCE_OFFSET``, and the functions of this
package count segments 1..n with 0 for void. The conversions are here.
"""
from typing import Sequence, Tuple

import numpy as np


def rgb2id(rgb: np.ndarray) -> np.ndarray:
    """Decode the colours of a COCO panoptic PNG.

    Args:
        rgb (np.ndarray): uint8 ``[H, W, 3]``, channel order RGB.

    Returns:
        np.ndarray: int32 ``[H, W]``, ``R + 256 G + 65536 B``.

    Raises:
        ValueError: If ``rgb`` is not uint8 ``[H, W, 3]``.
    """
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[-1] != 3:
        raise ValueError('rgb2id expects a uint8 array [H, W, 3], got '
                         f'{rgb.dtype} {list(rgb.shape)}.')
    red, green, blue = (rgb[..., i].astype(np.int32) for i in range(3))
    return red + (green << 8) + (blue << 16)


def id2rgb(id_map: np.ndarray) -> np.ndarray:
    """Encode segment ids as the colours of a COCO panoptic PNG.

    Args:
        id_map (np.ndarray): Integer ``[H, W]``, values 0..2**24 - 1.

    Returns:
        np.ndarray: uint8 ``[H, W, 3]``, channel order RGB.

    Raises:
        ValueError: If an id is negative or needs more than 24 bits.
    """
    id_map = np.asarray(id_map)
    if id_map.size and not 0 <= id_map.min() <= id_map.max() < 2**24:
        raise ValueError('A panoptic PNG holds ids of 0..16777215, got '
                         f'{id_map.min()}..{id_map.max()}.')
    channels = [(id_map >> shift) & 255 for shift in (0, 8, 16)]
    return np.stack(channels, axis=-1).astype(np.uint8)


def number_segments(id_map: np.ndarray,
                    ids: Sequence[int]) -> Tuple[np.ndarray, np.ndarray]:
    """Replace arbitrary ids by their position in a list.

    Args:
        id_map (np.ndarray): Integer ``[H, W]``, values >= 0, 0 is void.
        ids (Sequence[int]): The n ids of the segments. An id without pixels
            keeps its number.

    Returns:
        tuple:

        - seg_map (np.ndarray): int32 ``[H, W]``; ``k + 1`` where ``id_map``
          is ``ids[k]``, 0 elsewhere.
        - unknown (np.ndarray): Sorted non-zero ids of the map that are not
          in ``ids``.
    """
    # A table over the whole id range: one gather per pixel, faster than a
    # sorted search, and only the few touched pages of it are ever real.
    table = np.zeros(int(id_map.max(initial=0)) + 1, dtype=np.int32)
    ids = np.asarray(ids, dtype=np.int64).reshape(-1)
    inside = (ids > 0) & (ids < len(table))
    table[ids[inside]] = np.flatnonzero(inside) + 1
    seg_map = table[id_map]
    return seg_map, np.unique(id_map[(seg_map == 0) & (id_map != 0)])


def split_panoptic_ids(panoptic_map: np.ndarray, num_classes: int,
                       instance_offset: int) -> Tuple[np.ndarray, np.ndarray]:
    """Decode mmdet's panoptic map into numbered segments and their labels.

    Args:
        panoptic_map (np.ndarray): Integer ``[H, W]``,
            ``label + instance_id * instance_offset``; the label
            ``num_classes`` is void.
        num_classes (int): Number of classes C.
        instance_offset (int): mmdet's ``INSTANCE_OFFSET``.

    Returns:
        tuple:

        - seg_map (np.ndarray): int32 ``[H, W]``, 0 is void, segments 1..n.
        - labels (np.ndarray): int64 ``[n]``, values 0..C-1.

    Raises:
        ValueError: If a value is negative or its label is above C, or if C
            classes do not fit below ``instance_offset``.
    """
    if num_classes >= instance_offset:
        raise ValueError(f'{num_classes} classes do not fit into panoptic '
                         f'maps with an instance offset of {instance_offset}.')
    low = panoptic_map.min(initial=0)
    if low < 0:
        raise ValueError(f'A panoptic map holds values >= 0, got {low}.')
    # Shifted by one: value 0 is class 0 here, void in `number_segments`.
    shifted = panoptic_map.astype(np.int64) + 1
    present = np.zeros(int(shifted.max(initial=0)) + 1, dtype=bool)
    present[shifted.reshape(-1)] = True
    ids = np.flatnonzero(present)
    labels = (ids - 1) % instance_offset
    if labels.size and labels.max() > num_classes:
        raise ValueError(
            f'The panoptic map holds label {labels.max()}; with {num_classes} '
            f'classes, labels are 0..{num_classes - 1} and {num_classes} is '
            'void.')
    known = labels < num_classes
    return number_segments(shifted, ids[known])[0], labels[known]
