"""Writing a video, complete or not there."""
import os
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

import cv2
import numpy as np

from ..utils.atomic import atomic_path

# In order of preference: what browsers and phones play, and what OpenCV
# always brings along.
CODECS = {'avc1': 'H.264', 'mp4v': 'MPEG-4 part 2'}
# A codec that is missing is no news, as the next one is tried. OpenCV reads
# this once, before the first video.
os.environ.setdefault('OPENCV_FFMPEG_LOGLEVEL', '-8')


class VideoWriter:
    """Frames for a file; the first one opens it.

    Attributes:
        frames (int): Written so far.
        codec (str): Of the file, a value of ``CODECS``.
    """

    def __init__(self, path: Path, fps: float) -> None:
        self._path, self._fps = path, _rate(fps)
        self._writer = cv2.VideoWriter()
        self.frames = 0
        self.codec = ''

    def write(self, rgb: np.ndarray) -> None:
        """Append a frame.

        Args:
            rgb (np.ndarray): uint8 RGB [H, W, 3], all of one size.

        Raises:
            OSError: If OpenCV can write no such video.
        """
        if not self.frames:
            self._open(*rgb.shape[:2])
        self._writer.write(np.ascontiguousarray(rgb[..., ::-1]))
        self.frames += 1

    def _open(self, height: int, width: int) -> None:
        level = cv2.utils.logging.setLogLevel(
            cv2.utils.logging.LOG_LEVEL_SILENT)
        try:
            self.codec = next(
                (name for tag, name in CODECS.items() if self._writer.open(
                    str(self._path), cv2.VideoWriter_fourcc(*tag), self._fps,
                    (width, height))), '')
        finally:
            cv2.utils.logging.setLogLevel(level)
        if not self.codec:
            raise OSError(
                f'{self._path.name}: OpenCV cannot write MPEG-4 video of '
                f'{width} x {height} pixels and {self._fps:g} frames per '
                'second here; leave overlay out of --save')

    def close(self) -> None:
        """Complete the file."""
        self._writer.release()


@contextmanager
def atomic_video(path: Path, fps: float, mark: bytes) -> Iterator[VideoWriter]:
    """A writer for a file that is complete or not there.

    Args:
        path (Path): MPEG-4 file.
        fps (float): Frames per second.
        mark (bytes): Appended to the file.
    """
    with atomic_path(path) as part:
        video = part.with_suffix('.mp4')  # OpenCV takes the format from it
        writer = VideoWriter(video, fps)
        try:
            yield writer
            writer.close()
            with video.open('ab') as file:
                file.write(mark)
            video.replace(part)
        finally:
            writer.close()
            video.unlink(missing_ok=True)


def _rate(fps: float) -> float:
    """A rate that MPEG-4 holds, in frames per 10**n seconds below 65536."""
    digits = next(n for n in (3, 2, 1, 0) if fps * 10**n < 65536)
    return round(fps, digits)
