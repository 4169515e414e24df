"""Images that are asked about: files, folders, lists, arrays, videos."""
import glob
import os
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Sequence, Union

import mmcv
import numpy as np

from ..datasets.image_files import UnreadableImageError
from ..datasets.image_folders import IMAGE_SUFFIXES, is_result, list_images

VIDEO_SUFFIXES = frozenset(('.mp4', '.avi', '.mov', '.mkv', '.webm', '.m4v',
                            '.mpg', '.mpeg'))

Input = Union[str, Path, np.ndarray]


class NamedImage(NamedTuple):
    """One image.

    Attributes:
        name (str): What it is called in results; may have folders.
        image (str | np.ndarray): Its path, or uint8 BGR ``[H, W, 3]``.
    """
    name: str
    image: Union[str, np.ndarray]


def find_inputs(inputs: Union[Input, Sequence[Input]]) -> List[NamedImage]:
    """Images of what a user names.

    Args:
        inputs (str | Path | np.ndarray | Sequence): An image file, a folder
            (with its subfolders), a pattern (``**`` stands for folders), a
            text file with one path per line, an array (uint8 BGR
            ``[H, W, 3]`` or grey ``[H, W]``), or a list of these.

    Returns:
        list[NamedImage]: Names are paths relative to the folder, else to
        the deepest folder that holds all; arrays are ``array_0``, ....

    Raises:
        FileNotFoundError: If there is no such file.
        TypeError: If something is neither path nor array.
        ValueError: If there is no image, or an array has another shape or
            type.
    """
    items = inputs if isinstance(inputs, (list, tuple)) else [inputs]
    found: Dict[Union[int, str], Input] = {}  # files by their full path, once
    for number, item in enumerate(items):
        if isinstance(item, np.ndarray):
            found[number] = item
        else:
            for path in _files(item):
                found.setdefault(os.path.abspath(path), path)
    if not found:
        raise ValueError(f'inputs={inputs!r} holds no image')
    folders = [os.path.dirname(key) for key in found if isinstance(key, str)]
    if isinstance(inputs, (str, Path)) and Path(inputs).is_dir():
        root = str(inputs)
    else:
        root = os.path.commonpath(folders) if folders else ''
    return [
        NamedImage(f'array_{number}', _as_bgr(item)) if isinstance(
            item, np.ndarray) else NamedImage(
                Path(os.path.relpath(item, root)).as_posix(), str(item))
        for number, item in enumerate(found.values())
    ]


def is_video(path: Input) -> bool:
    """Whether a path names a video, by its suffix."""
    return isinstance(path, (str, Path)) and \
        Path(path).suffix.lower() in VIDEO_SUFFIXES


class Video:
    """Frames of a video file, read one by one.

    Args:
        path (str): File.

    Raises:
        FileNotFoundError: If it is not there.
        UnreadableImageError: If OpenCV cannot open it.
    """

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise FileNotFoundError(f'inputs={str(path)!r}: no such file')
        self._reader = mmcv.VideoReader(str(path))
        if not self._reader.opened:
            raise UnreadableImageError(
                f'{path}: OpenCV cannot open the video; it is broken, or of '
                'a format that this build of OpenCV does not know')
        self.fps = _plausible(self._reader.fps)
        # What the header says, which may be wrong: for the progress bar.
        self.num_frames = max(0, self._reader.frame_cnt)

    def __iter__(self) -> Iterator[NamedImage]:
        """Frames as ``<stem>/000000``, ..., uint8 BGR ``[H, W, 3]``."""
        number = -1
        for number, frame in enumerate(self._reader):
            yield NamedImage(f'{self.path.stem}/{number:06d}', frame)
        if number < 0:
            raise UnreadableImageError(
                f'{self.path}: no frame can be decoded; convert the video '
                'with ffmpeg to H.264 or MJPEG')


def _plausible(fps: float) -> float:
    """Frames per second that a header tells, or 25 if they cannot be."""
    if 0 < fps <= 1000:
        return fps
    print(f'the header tells {fps:g} frames per second; 25 are taken')
    return 25.


def _files(item: Union[str, Path]) -> Sequence[Union[str, Path]]:
    if not isinstance(item, (str, Path)):
        raise TypeError('inputs are paths or NumPy arrays, got '
                        f'{type(item).__name__}')
    path = Path(item).expanduser()
    if path.is_dir() or path.suffix == '.txt':
        return list_images(path)
    if path.is_file():
        if is_video(path):
            raise ValueError(f'inputs={str(item)!r} is a video; give it '
                             'alone, to tools/infer.py')
        return [path]
    if glob.has_magic(str(item)):
        return sorted(
            name for name in glob.glob(str(path), recursive=True)
            if Path(name).suffix.lower() in IMAGE_SUFFIXES
            and os.path.isfile(name) and not is_result(Path(name)))
    raise FileNotFoundError(
        f'inputs={str(item)!r}: no such file or folder; give an image, a '
        'folder, a pattern in quotes, or a .txt list of paths')


def _as_bgr(array: np.ndarray) -> np.ndarray:
    if array.ndim == 2:
        array = np.repeat(array[..., None], 3, axis=2)
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3 or \
            array.size == 0:
        raise ValueError('an array must be uint8 BGR [H, W, 3] or grey '
                         f'[H, W], got {array.dtype} {list(array.shape)}')
    return array
