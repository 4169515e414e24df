"""The work of tools/infer.py: many images, or a video, into a folder."""
import sys
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Iterator, List, Sequence

import cv2
import numpy as np
from tqdm import tqdm

from ..utils.atomic import atomic_path
from .inferencer import DEARLiInferencer, Failure
from .inputs import NamedImage, Video
from .result_folder import ResultFolder


def infer_images(inferencer: DEARLiInferencer,
                 images: Sequence[NamedImage],
                 out_dir: str,
                 outputs: Sequence[str] = ('panoptic', 'overlay'),
                 batch_size: int = 1,
                 workers: int = 2) -> List[Failure]:
    """Segment images that have no results yet; see :class:`ResultFolder`.

    Args:
        inferencer (DEARLiInferencer): The network.
        images (Sequence[NamedImage]): From :func:`find_inputs`.
        out_dir (str): Folder.
        outputs (Sequence[str]): What to write.
        batch_size (int): Images per forward pass. Defaults to 1.
        workers (int): Threads that read images; 0 for none.

    Returns:
        list[Failure]: Images that could not be read.
    """
    folder = ResultFolder(out_dir, inferencer.vocabulary,
                          inferencer.settings(), outputs)
    todo = folder.check(images)
    if len(todo) < len(images):
        print(f'{len(images) - len(todo)} of {len(images)} images have '
              f'results in {out_dir} already')
    failures = []
    results = inferencer.stream(todo, batch_size, workers,
                                'semantic' in outputs)
    for result in tqdm(results, 'inference', len(todo), unit='img',
                       disable=not todo):
        if isinstance(result, Failure):
            tqdm.write(f'skipped: {result.error}', sys.stderr)
            failures.append(result)
        else:
            folder.add(result)
    folder.finish([image.name for image in images])
    return failures


def infer_video(inferencer: DEARLiInferencer,
                video: Video,
                out_dir: str,
                outputs: Sequence[str] = ('overlay', ),
                batch_size: int = 1,
                workers: int = 2) -> None:
    """Segment the frames of a video; ``overlay`` is a video again.

    Frames are read and written one by one. A video starts anew each time.

    Args:
        inferencer (DEARLiInferencer): The network.
        video (Video): The frames.
        out_dir (str): Folder; the video becomes ``<stem>.mp4``, the results
            of frame 0 ``panoptic/<stem>/000000.png``, and so on.
        outputs (Sequence[str]): What to write.
        batch_size (int): Frames per forward pass. Defaults to 1.
        workers (int): Threads that prepare frames; 0 for none.

    Raises:
        ValueError: If the video would be written over itself.
    """
    target = Path(out_dir).expanduser() / f'{video.path.stem}.mp4'
    if target.exists() and target.samefile(video.path):
        raise ValueError(f'{target} would be written over the video that is '
                         'read; choose another folder')
    of_frames = [output for output in outputs if output != 'overlay']
    folder = ResultFolder(out_dir, inferencer.vocabulary,
                          inferencer.settings(), of_frames)
    results = inferencer.stream(video, batch_size, workers,
                                'semantic' in outputs)
    names = []
    draws = 'overlay' in outputs
    writer = _video_writer(target, video.fps) if draws else nullcontext()
    with writer as write:
        for result in tqdm(results, 'inference', video.num_frames or None,
                           unit='frame'):
            if of_frames:
                folder.add(result)
                names.append(result.name)
            if draws:
                write(result.draw(with_legend=False))
    if of_frames:
        folder.finish(names)


@contextmanager
def _video_writer(path: Path, fps: float) -> Iterator:
    """A function that adds frames (RGB) to a file, complete or not there."""
    writer = cv2.VideoWriter()

    def write(rgb: np.ndarray) -> None:
        height, width = rgb.shape[:2]
        if not writer.isOpened() and not writer.open(
                str(video), cv2.VideoWriter_fourcc(*'mp4v'), fps,
                (width, height)):
            raise OSError(f'{path}: OpenCV cannot write MPEG-4 video here; '
                          'leave overlay out of --save')
        writer.write(np.ascontiguousarray(rgb[..., ::-1]))

    with atomic_path(path) as part:
        video = part.with_suffix('.mp4')  # OpenCV takes the format from it
        try:
            yield write
            writer.release()
            video.replace(part)
        finally:
            writer.release()
            video.unlink(missing_ok=True)
