"""Segments of maps whose pixel values tell class and instance."""
from typing import NamedTuple

import numpy as np

from ..datasets.panoptic_files import Segmented


class KeyTable(NamedTuple):
    """What each possible pixel value means.

    Attributes:
        category_ids (np.ndarray): Integer ``[K]``; 0 is void, -1 a value that
            must not occur.
        iscrowd (np.ndarray): bool ``[K]``.
    """
    category_ids: np.ndarray
    iscrowd: np.ndarray


def segments_of_keys(keys: np.ndarray, table: KeyTable,
                     path: str) -> Segmented:
    """One segment of each value that is not void.

    Args:
        keys (np.ndarray): Integer ``[H, W]``, not negative.
        table (KeyTable): Of the values 0..K-1.
        path (str): Where the values are from, for the error.

    Returns:
        Segmented: Segments in the order of their values.

    Raises:
        ValueError: If a value is none of the table's; lists them.
    """
    # Few possible values: counting is much faster than sorting all pixels.
    found = np.flatnonzero(np.bincount(keys.ravel()))
    count = len(table.category_ids)
    unknown = [key for key in found.tolist()
               if key >= count or table.category_ids[key] < 0]
    if unknown:
        raise ValueError(f'{path} holds the values {unknown[:5]}, which mean '
                         'no class: is it a file of this dataset?')
    found = found[table.category_ids[found] > 0]
    numbers = np.zeros(count, np.int32)
    numbers[found] = np.arange(1, len(found) + 1)
    return Segmented(numbers[keys], table.category_ids[found].tolist(),
                     table.iscrowd[found].tolist())
