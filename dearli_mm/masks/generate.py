"""Making the masks of a set of images, by any number of processes."""
import sys
import traceback
from typing import Dict, List, Tuple

import mmengine.dist as dist
import numpy as np
from mmengine.fileio import get
from tqdm import tqdm

from ..datasets.image_files import decode_image
from ..datasets.masks import MaskFolder
from .processes import broadcast_from_main, shared_counter
from .registry import MaskGenerator

Failures = List[Tuple[str, str]]


def generate_masks(images: Dict[str, str],
                   generator: MaskGenerator,
                   out: str,
                   dry_run: bool = False) -> int:
    """Write the masks of images that have none yet.

    All processes call this. What is there is left alone if it is complete
    and was made with the same settings. An image that fails is skipped.

    Args:
        images (dict[str, str]): Path of each image by its name; see
            :func:`find_images`. Only the main process's are used.
        generator (MaskGenerator): Makes the masks.
        out (str): Folder to write; see :class:`MaskFolder`.
        dry_run (bool): Whether to only tell what is left. Defaults to False.

    Returns:
        int: Number of images that failed.

    Raises:
        ValueError: If the folder holds other things or masks made with other
            settings.
    """
    folder = MaskFolder(out)
    # Told, as a shared disk may show the others meta.json late.
    folder.digest, todo = broadcast_from_main(
        lambda: _plan(images, generator, folder, dry_run))
    if dry_run or not todo:
        return 0
    failures = sum(
        dist.all_gather_object(_work(todo, generator, folder)), [])
    if dist.is_main_process():
        _say(f'wrote masks of {len(todo) - len(failures)} images to {out}')
        if failures:
            _say('\n'.join([
                f'{len(failures)} images failed; run this again to try them '
                'again:', *(f'  {path}: {text}' for path, text in failures)
            ]))
    return len(failures)


def _plan(images: Dict[str, str], generator: MaskGenerator,
          folder: MaskFolder, dry_run: bool) -> tuple:
    """Digest of the settings, and the images that are left."""
    folder.prepare(generator.settings(), dry_run)
    todo = [(name, path) for name, path in images.items()
            if not folder.is_done(name)]
    _say(f'{len(images)} images: {len(images) - len(todo)} done, {len(todo)} '
         'are left to do')
    return folder.digest, todo


def _work(todo: List[Tuple[str, str]], generator: MaskGenerator,
          folder: MaskFolder) -> Failures:
    """Take images until there are no more; returns those that failed."""
    generator.prepare()  # its errors are no fault of the images
    failures: Failures = []
    terminal = sys.stderr.isatty()
    with tqdm(
            total=len(todo),
            desc='masks',
            unit='image',
            mininterval=2 if terminal else 60,
            smoothing=0.05,
            disable=not dist.is_main_process()) as bar:
        for number in shared_counter():
            # Numbers are taken in order: those before it are with others.
            bar.update(min(number, len(todo)) - bar.n)
            if number >= len(todo):
                return failures
            name, path = todo[number]
            try:
                image = read_rgb(path)
                instances = generator.generate(image)
            except Exception as error:  # of any package: hours are at stake
                failures.append(_failure(path, error, not failures))
                continue
            # Outside: that nothing can be written is no fault of the image.
            folder.write(name, *image.shape[:2], instances)


def read_rgb(path: str) -> np.ndarray:
    """Read an image as training does: ``LoadAnyImage`` with no size given.

    Args:
        path (str): File.

    Returns:
        np.ndarray: uint8 RGB [H, W, 3].

    Raises:
        FileNotFoundError: If the file is not there.
        UnreadableImageError: If it is truncated or cannot be decoded.
    """
    return np.ascontiguousarray(decode_image(get(path), path)[..., ::-1])


def _failure(path: str, error: Exception, first: bool) -> Tuple[str, str]:
    text = f'{type(error).__name__}: {error}'.splitlines()[0]
    tqdm.write(f'{path}: {text}', file=sys.stderr)
    if first and not isinstance(error, OSError):
        tqdm.write(''.join(traceback.format_exception(error)), sys.stderr)
    return path, text


def _say(text: str) -> None:
    print(f'[sam_masks] {text}', flush=True)
