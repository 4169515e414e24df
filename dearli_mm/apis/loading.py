"""From image files to what a network takes, ahead of time."""
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Iterable, Iterator, NamedTuple, Union

import numpy as np
from mmdet.registry import TRANSFORMS
from mmengine.dataset import Compose

from .inputs import NamedImage


class Failure(NamedTuple):
    """An image that could not be read."""
    name: str
    error: OSError


class LoadedImage(NamedTuple):
    """An image, and what the test pipeline has made of it.

    Attributes:
        name (str): Name of the image.
        image (np.ndarray): uint8 RGB ``[H, W, 3]``.
        packed (dict): ``inputs`` and ``data_samples`` of one image.
    """
    name: str
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
        """Load one image; an unreadable file becomes a :class:`Failure`."""
        if isinstance(image.image, np.ndarray):
            shape = image.image.shape[:2]
            results = dict(img_path=image.name, img=image.image,
                           img_shape=shape, ori_shape=shape)
        else:
            try:
                results = self._load(dict(img_path=image.image))
            except OSError as error:
                return Failure(image.name, error)
        rgb = np.ascontiguousarray(results['img'][..., ::-1])
        return LoadedImage(image.name, rgb, self._transform(results))


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
