"""From image files to what a network takes, ahead of time."""
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Iterable, Iterator, NamedTuple, Union

import numpy as np
import torch
from mmdet.registry import TRANSFORMS
from mmengine.dataset import Compose

from .inputs import NamedImage


class Failure(NamedTuple):
    """An image without a result.

    Attributes:
        name (str): Name of the image.
        error (Exception): Why; its message names the file.
    """
    name: str
    error: Exception

    @classmethod
    def of(cls, image: NamedImage, error: Exception) -> 'Failure':
        """What went wrong with an image, in words for its owner."""
        where = image.name if isinstance(image.image, np.ndarray) else \
            str(image.image)
        if is_out_of_memory(error):
            error = MemoryError(
                f'{where}: memory is too small for this image; shrink it, cut '
                'it into tiles, or take a machine with more')
        elif where not in str(error):
            error = type(error)(f'{where}: {error}') if isinstance(
                error, (OSError, ValueError)) else RuntimeError(
                    f'{where}: {type(error).__name__}: {error}')
        return cls(image.name, error)


def is_out_of_memory(error: Exception) -> bool:
    """Whether NumPy, OpenCV or PyTorch, on any device, lack memory."""
    if isinstance(error, (MemoryError, torch.cuda.OutOfMemoryError)):
        return True
    return any(sign in str(error)
               for sign in ("can't allocate memory", 'Insufficient memory',
                            'out of memory', 'not enough memory'))


class LoadedImage(NamedTuple):
    """An image, and what the test pipeline has made of it.

    Attributes:
        source (NamedImage): Where it is from.
        image (np.ndarray): uint8 RGB ``[H, W, 3]``.
        packed (dict): ``inputs`` and ``data_samples`` of one image.
    """
    source: NamedImage
    image: np.ndarray
    packed: dict


class ImageLoader:
    """A test pipeline that takes files and arrays and knows no annotation.

    Args:
        pipeline (Sequence[dict]): Of a test dataset; the first step loads
            the image.
    """

    def __init__(self, pipeline) -> None:
        self._load = TRANSFORMS.build(pipeline[0])
        # Without steps that load annotation, which images of a user lack.
        self._transform = Compose([
            step for step in pipeline if not step['type'].startswith('Load')
        ])

    def __call__(self, image: NamedImage) -> Union[LoadedImage, Failure]:
        """Load one image; what goes wrong becomes a :class:`Failure`."""
        try:
            if isinstance(image.image, np.ndarray):
                shape = image.image.shape[:2]
                results = dict(img_path=image.name, img=image.image,
                               img_shape=shape, ori_shape=shape)
            else:
                results = self._load(dict(img_path=image.image))
            rgb = np.ascontiguousarray(results['img'][..., ::-1])
            return LoadedImage(image, rgb, self._transform(results))
        except Exception as error:  # of one image, not of the rest
            return Failure.of(image, error)


def check_loading(batch_size: int, workers: int) -> None:
    """Check the numbers before any work.

    Raises:
        ValueError: If one is too small.
    """
    for name, value, least in (('batch_size', batch_size, 1),
                               ('workers', workers, 0)):
        if value < least:
            raise ValueError(f'{name}={value} must be at least {least}')


def map_ahead(function: Callable, items: Iterable, workers: int,
              ahead: int) -> Iterator[Any]:
    """Results in order, worked out ahead of time in threads.

    Unlike ``Executor.map`` it takes items, of which there may be no end, only
    as far ahead as needed.

    Args:
        function (Callable): Of one item.
        items (Iterable): Its arguments.
        workers (int): Threads; 0 for none.
        ahead (int): How many results may wait.
    """
    if workers == 0:
        yield from map(function, items)
        return
    waiting: deque = deque()
    with ThreadPoolExecutor(workers) as pool:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > ahead + workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
