"""The work of tools/infer.py: many images, or a video, into a folder."""
import struct
import sys
from contextlib import nullcontext
from pathlib import Path
from shlex import quote
from typing import List, Sequence

from tqdm import tqdm

from .inferencer import DEARLiInferencer, Failure
from .inputs import NamedImage, Video
from .result_folder import ResultFolder
from .video_writer import atomic_video


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
        list[Failure]: Images without results.
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
                       disable=not todo or None):
        if isinstance(result, Failure):
            tqdm.write(f'skipped: {result.error}', sys.stderr)
            failures.append(result)
            continue
        try:
            folder.add(result)
        except MemoryError as error:
            failures.append(Failure.of(NamedImage(result.name, result.image),
                                       error))
    tqdm.write(folder.finish([image.name for image in images]))
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
        ValueError: If a file that this function did not write for a video
            of this name would be replaced.
    """
    target = Path(out_dir).expanduser() / f'{video.path.stem}.mp4'
    mark = _mark(video)
    if target.exists() and target.samefile(video.path):
        raise ValueError(f'{target} would be written over the video that is '
                         'read; choose another folder')
    if target.exists() and not _ends_with(target, mark):
        raise ValueError(
            f'{target} is there, and is no overlay of {video.path.name}: '
            'choose another folder, or move it away')
    of_frames = [output for output in outputs if output != 'overlay']
    folder = ResultFolder(out_dir, inferencer.vocabulary,
                          inferencer.settings(), of_frames)
    results = inferencer.stream(video, batch_size, workers,
                                'semantic' in outputs)
    names = []
    draws = 'overlay' in outputs
    with (atomic_video(target, video.fps, mark) if draws else
          nullcontext()) as writer:
        for result in tqdm(results, 'inference', video.num_frames or None,
                           unit='frame', disable=None):
            if isinstance(result, Failure):
                raise result.error
            if of_frames:
                folder.add(result)
                names.append(result.name)
            if draws:
                writer.write(result.draw(with_legend=False))
    if of_frames:
        print(folder.finish(names))
    if draws:
        print(f'{target}: {writer.frames} frames, {writer.codec}' + (
            '' if writer.codec == 'H.264' else
            ' (OpenCV has no H.264 here; browsers want it: '
            f'ffmpeg -i {quote(target.name)} -c:v libx264 '
            f'{quote("h264_" + target.name)})'))


def _mark(video: Video) -> bytes:
    """End of an overlay of a video: a box that players pass over."""
    text = f'dearli_mm overlay of {video.path.name}'.encode()
    return struct.pack('>I4s', 8 + len(text), b'free') + text


def _ends_with(path: Path, mark: bytes) -> bool:
    with path.open('rb') as file:
        file.seek(max(path.stat().st_size - len(mark), 0))
        return file.read() == mark
