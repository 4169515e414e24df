"""Infinite sampling that can go on at any place, down to the last bit."""
import random
from contextlib import contextmanager
from itertools import count, islice
from typing import Iterator

import numpy as np
import torch
from mmdet.registry import DATA_SAMPLERS
from mmengine.dataset import InfiniteSampler


class SeededIndex(int):
    """Index of an image, with the seed of its augmentation."""

    def __new__(cls, index: int, seed: int = 0) -> 'SeededIndex':
        draw = super().__new__(cls, index)
        draw.seed = seed
        return draw


@DATA_SAMPLERS.register_module()
class ResumableInfiniteSampler(InfiniteSampler):
    """mmengine's infinite sampler with a place to start from.

    It yields :class:`SeededIndex` indices. Order and augmentation seeds are
    functions of the seed and the place in the stream alone: a resumed run, or
    one with another number of workers, sees the same images. Streams of one
    run need seeds of their own, which the training loops give them.

    Attributes:
        seed (int): Of this stream; the same in all processes.
        start (int): Place in this process's stream at which iteration
            starts. Defaults to 0.
    """
    start = 0

    def __iter__(self) -> Iterator[SeededIndex]:
        stream = zip(self._indices_of_rank(), count())
        for index, place in islice(stream, self.start, None):
            yield SeededIndex(index, mix_seeds(self.seed, self.rank, place))


def mix_seeds(*numbers: int) -> int:
    """One 32-bit seed of several numbers, such as (seed, rank, place)."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


def seed_everything(seed: int) -> None:
    """Seed the generators of Python, NumPy and PyTorch."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


@contextmanager
def seeded_by(index: int) -> Iterator[None]:
    """Run a block with the seed of a :class:`SeededIndex`, without a trace.

    An index without a seed changes nothing.

    Args:
        index (int): What the sampler yielded.
    """
    if not isinstance(index, SeededIndex):
        yield
        return
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    seed_everything(index.seed)
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])
