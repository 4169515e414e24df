"""Loading of people's own images."""
from typing import Optional

from mmcv.transforms import LoadImageFromFile
from mmdet.registry import TRANSFORMS
from mmengine.fileio import get

from ..image_files import UnreadableImageError, decode_image


@TRANSFORMS.register_module()
class LoadAnyImage(LoadImageFromFile):
    """mmcv's ``LoadImageFromFile``, for files of all kinds, checked.

    Grey, RGBA, palette, 16-bit and CMYK files become three channels of 8
    bits (of 16 bits the upper 8; alpha is dropped). EXIF rotation follows
    the annotation: where the result dict names ``height`` and ``width``, the
    image is turned or left such that it has this size; else it is turned as
    every viewer does.

    Args:
        to_float32 (bool): Defaults to False.
        imdecode_backend (str): mmcv's image decoder. Defaults to 'cv2'.
        exif (bool): Whether to apply EXIF rotation. With False images stay as
            they are stored, for annotation that was drawn so: sizes do not
            tell mirrored images, half turns and turned squares. Defaults to
            True.
        ignore_empty (bool): Return None for an unreadable image instead of
            raising. Defaults to False.
        backend_args (dict, optional): mmengine file backend.

    Required Keys: img_path; height and width (optional).

    Added Keys: img (uint8 ``[H, W, 3]``, BGR), img_shape, ori_shape.

    Raises:
        FileNotFoundError: If the file is not there.
        UnreadableImageError: If it is truncated or cannot be decoded.
    """

    def __init__(self,
                 to_float32: bool = False,
                 imdecode_backend: str = 'cv2',
                 ignore_empty: bool = False,
                 backend_args: Optional[dict] = None,
                 exif: bool = True) -> None:
        self.exif = exif
        super().__init__(
            to_float32=to_float32,
            imdecode_backend=imdecode_backend,
            ignore_empty=ignore_empty,
            backend_args=backend_args)

    def transform(self, results: dict) -> Optional[dict]:
        """Load the image of ``results['img_path']``."""
        path = results['img_path']
        size = (results['height'], results['width']) \
            if 'height' in results and 'width' in results else None
        try:
            content = get(path, backend_args=self.backend_args)
            image = decode_image(content, path, size, self.imdecode_backend,
                                 self.exif)
        except (FileNotFoundError, UnreadableImageError):
            if self.ignore_empty:
                return None
            raise
        if self.to_float32:
            image = image.astype('float32')
        results['img'] = image
        results['img_shape'] = image.shape[:2]
        results['ori_shape'] = image.shape[:2]
        return results
