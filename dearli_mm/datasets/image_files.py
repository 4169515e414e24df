"""Image files as people have them: any mode, any rotation, some broken.

What OpenCV makes of grey, RGBA, palette, 16-bit and CMYK files is what a
network wants (three channels of 8 bits; alpha is dropped). Three things are
left to do: tell broken files on every version of OpenCV (some decode the
missing part of a JPEG as grey and say nothing), settle whether the EXIF
rotation is to be applied, and name the file in errors.
"""
from typing import NamedTuple, Optional, Tuple

import mmcv
import numpy as np
from PIL import Image

_EXIF_ORIENTATION = 0x0112
_QUARTER_TURNS = (5, 6, 7, 8)  # values of that tag which swap the sides
# Markers without a length: TEM and RST0..7. 0xFF may fill the gaps.
_BARE_MARKERS = frozenset((0x01, 0xff, *range(0xd0, 0xd8)))
_SCAN = 0xda


class UnreadableImageError(OSError):
    """An image file that cannot be decoded as a whole."""


class ImageSize(NamedTuple):
    """Size of an image file, from its header.

    Attributes:
        stored (tuple[int, int]): Height and width of the stored pixels.
        shown (tuple[int, int]): The same after EXIF rotation.
    """
    stored: Tuple[int, int]
    shown: Tuple[int, int]


def read_image_size(path: str) -> ImageSize:
    """Read the size of an image without decoding it.

    Raises:
        FileNotFoundError: If the file is not there.
        UnreadableImageError: If the file is no image.
    """
    try:
        with Image.open(path) as image:
            turned = image.getexif().get(_EXIF_ORIENTATION) in _QUARTER_TURNS
            width, height = image.size
    except FileNotFoundError:
        raise
    except Exception as error:
        raise UnreadableImageError(f'{path}: not an image that can be read '
                                   f'({error})') from error
    stored = (height, width)
    return ImageSize(stored, stored[::-1] if turned else stored)


def decode_image(content: bytes,
                 path: str,
                 size: Optional[Tuple[int, int]] = None,
                 backend: Optional[str] = None) -> np.ndarray:
    """Decode an image file to three channels of 8 bits.

    Args:
        content (bytes): The file.
        path (str): Its name, for errors.
        size (tuple[int, int], optional): Height and width of the frame in
            which the image was annotated. EXIF rotation is applied, as a
            viewer does, unless only the unrotated image has this size.
        backend (str, optional): mmcv's image decoder. Defaults to mmcv's
            setting, which is 'cv2'. (Pillow clips 16-bit grey to white.)

    Returns:
        np.ndarray: uint8 ``[H, W, 3]``, BGR.

    Raises:
        UnreadableImageError: If the file is truncated or no image.
    """
    if not is_complete(content):
        raise UnreadableImageError(
            f'{path}: the image is truncated ({len(content)} bytes, no end '
            'mark); copy or download it again')
    image = _decode(content, path, 'color', backend)
    if size is not None and image.shape[:2] != tuple(size) and \
            image.shape[:2] == tuple(size)[::-1]:
        stored = _decode(content, path, 'color_ignore_orientation', backend)
        image = stored if stored.shape[:2] == tuple(size) else image
    return image


def is_complete(content: bytes) -> bool:
    """Whether a JPEG or PNG file has its end; others are taken to have it.

    Microseconds: only the markers before the first scan of a JPEG are walked
    (the thumbnail inside them has an end mark of its own).
    """
    if content.startswith(b'\xff\xd8'):
        scan = _first_scan(content)
        # Encoded data never holds this pair: its 0xFF is followed by 0x00.
        return scan is not None and content.find(b'\xff\xd9', scan) >= 0
    if content.startswith(b'\x89PNG'):
        return content.rfind(b'IEND') >= 0
    return True


def _first_scan(content: bytes) -> Optional[int]:
    """Where the data of a JPEG starts; None if the file ends before."""
    place = 2
    while place + 4 <= len(content):
        if content[place] != 0xff:
            return None
        marker = content[place + 1]
        if marker == _SCAN:
            return place
        place += 1 if marker == 0xff else 2
        if marker not in _BARE_MARKERS:
            place += int.from_bytes(content[place:place + 2], 'big')
    return None


def _decode(content: bytes, path: str, flag: str,
            backend: Optional[str]) -> np.ndarray:
    try:
        image = mmcv.imfrombytes(content, flag=flag, backend=backend)
    except Exception as error:
        raise UnreadableImageError(
            f'{path}: the image cannot be decoded ({error}); convert it to '
            '8-bit JPEG or PNG, or copy it again if it is broken') from error
    if image is None:
        raise UnreadableImageError(
            f'{path}: the file is not an image that can be decoded, or is '
            'broken; copy it again, or convert it to 8-bit JPEG or PNG')
    return image
