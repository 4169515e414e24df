"""Image files as people have them: any mode, any rotation, some broken.

What OpenCV makes of grey, RGBA, palette, 16-bit and CMYK files is what a
network wants (three channels of 8 bits; alpha is dropped). Four things are
left to do: tell broken files on every version of OpenCV (some decode the
missing part of a JPEG as grey and say nothing), read with Pillow what OpenCV
cannot (HEIF, on some builds GIF and AVIF), settle whether the EXIF rotation
is to be applied, and name the file in errors.
"""
import io
from functools import lru_cache
from typing import BinaryIO, NamedTuple, Optional, Tuple, Union

import mmcv
import numpy as np
from PIL import Image, ImageOps

_EXIF_ORIENTATION = 0x0112
# Markers without a length: TEM and RST0..7. 0xFF may fill the gaps.
_BARE_MARKERS = frozenset((0x01, 0xff, *range(0xd0, 0xd8)))
_SCAN = 0xda
# OpenCV's limit. Pillow's own is lower, and warns of what people scan.
_MAX_PIXELS = 2**30


class UnreadableImageError(OSError):
    """An image file that cannot be decoded as a whole."""


class ImageSize(NamedTuple):
    """Size of an image file, from its header.

    Attributes:
        stored (tuple[int, int]): Height and width of the stored pixels.
        orientation (int): EXIF orientation, 1..8; 1 is as stored.
    """
    stored: Tuple[int, int]
    orientation: int

    @property
    def shown(self) -> Tuple[int, int]:
        """tuple[int, int]: Height and width after EXIF rotation."""
        is_quarter_turn = self.orientation >= 5
        return self.stored[::-1] if is_quarter_turn else self.stored


@lru_cache(maxsize=None)
def can_read_heif() -> bool:
    """Whether HEIF files can be read, which takes the ``pillow-heif``."""
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        return False
    register_heif_opener()
    return True


def open_image(file: Union[str, BinaryIO]) -> Image.Image:
    """Open an image with Pillow, up to the size that OpenCV reads, too.

    Raises:
        FileNotFoundError: If the file is not there.
        UnreadableImageError: If the file is no image, or larger.
    """
    can_read_heif()
    Image.MAX_IMAGE_PIXELS = max(Image.MAX_IMAGE_PIXELS or 0, _MAX_PIXELS)
    try:
        image = Image.open(file)
    except FileNotFoundError:
        raise
    except Exception as error:
        raise UnreadableImageError(
            f'{file}: not an image that can be read ({error})') from error
    if image.width * image.height > _MAX_PIXELS:
        raise UnreadableImageError(
            f'{file}: {image.width} x {image.height} pixels; images of up to '
            f'{_MAX_PIXELS} pixels can be read: cut it into tiles')
    return image


def read_image_size(path: str) -> ImageSize:
    """Read the size of an image without decoding it.

    Raises:
        FileNotFoundError: If the file is not there.
        UnreadableImageError: If the file is no image.
    """
    with open_image(path) as image:
        orientation = image.getexif().get(_EXIF_ORIENTATION, 1)
        return ImageSize(image.size[::-1],
                         orientation if orientation in range(1, 9) else 1)


def decode_image(content: bytes,
                 path: str,
                 size: Optional[Tuple[int, int]] = None,
                 backend: Optional[str] = None,
                 exif: bool = True) -> np.ndarray:
    """Decode an image file to three channels of 8 bits.

    Args:
        content (bytes): The file.
        path (str): Its name, for errors.
        size (tuple[int, int], optional): Height and width of the frame in
            which the image was annotated. EXIF rotation is applied, as a
            viewer does, unless only the unrotated image has this size.
        backend (str, optional): mmcv's image decoder. Defaults to mmcv's
            setting, which is 'cv2'. (Pillow clips 16-bit grey to white.)
        exif (bool): Whether EXIF rotation may be applied at all. Defaults to
            True.

    Returns:
        np.ndarray: uint8 ``[H, W, 3]``, BGR.

    Raises:
        UnreadableImageError: If the file is empty, truncated or no image.
    """
    if not content:
        raise UnreadableImageError(
            f'{path}: the file is empty; copy or download it again')
    if not is_complete(content):
        raise UnreadableImageError(
            f'{path}: the image is truncated ({len(content)} bytes, no end '
            'mark); copy or download it again')
    if not exif:
        return _decode(content, path, 'color_ignore_orientation', backend)
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
    return _decode_with_pillow(content, path, flag) if image is None else image


def _decode_with_pillow(content: bytes, path: str, flag: str) -> np.ndarray:
    try:
        with open_image(io.BytesIO(content)) as image:
            if image.mode in ('F', 'I'):  # whose range Pillow does not know
                raise ValueError(f'pixels of mode {image.mode}')
            if flag == 'color':
                image = ImageOps.exif_transpose(image)
            return np.asarray(image.convert('RGB'))[..., ::-1]
    except Exception as error:
        raise UnreadableImageError(
            f'{path}: the file is not an image that can be decoded, or is '
            'broken; copy it again, or convert it to 8-bit JPEG or PNG (HEIF '
            'takes pip install pillow-heif)') from error
