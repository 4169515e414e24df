import pickle
import random
from itertools import islice

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from dearli_mm.datasets.samplers import (SeededIndex, ResumableInfiniteSampler,
                                         seeded_by)


def draws(sampler, count):
    return [(int(d), d.seed) for d in islice(iter(sampler), count)]


def test_starts_anywhere():
    sampler = ResumableInfiniteSampler(range(7), seed=3)
    stream = draws(sampler, 30)
    assert sorted(index for index, _ in stream[:7]) == list(range(7))
    assert len({seed for _, seed in stream}) == 30
    sampler.start = 11
    assert draws(sampler, 19) == stream[11:]


def test_seed_and_process_matter():
    first = draws(ResumableInfiniteSampler(range(7), seed=3), 14)
    assert first != draws(ResumableInfiniteSampler(range(7), seed=4), 14)
    other = ResumableInfiniteSampler(range(7), seed=3)
    other.rank, other.world_size = 1, 2
    assert draws(other, 7)[0][0] == first[1][0]  # every second index
    assert draws(other, 7)[0][1] != first[1][1]


def test_draws_travel_to_workers():
    draw = pickle.loads(pickle.dumps(SeededIndex(5, 77)))
    assert draw == 5 and draw.seed == 77


def test_seeded_by_leaves_no_trace():

    def numbers():
        return random.random(), np.random.rand(), torch.rand(()).item()

    with seeded_by(SeededIndex(0, 9)):
        first = numbers()
    state = torch.get_rng_state()
    with seeded_by(SeededIndex(1, 9)):
        assert numbers() == first
    assert torch.equal(torch.get_rng_state(), state)
    with seeded_by(4):  # no seed: nothing happens
        torch.rand(())
    assert not torch.equal(torch.get_rng_state(), state)


class Noise(Dataset):

    def __len__(self):
        return 5

    def __getitem__(self, index):
        with seeded_by(index):
            return torch.rand(())


def test_augmentation_does_not_depend_on_the_workers():
    batches = []
    for workers in (0, 2):
        loader = DataLoader(
            Noise(),
            batch_size=2,
            num_workers=workers,
            sampler=ResumableInfiniteSampler(Noise(), seed=1))
        batches.append(torch.cat(list(islice(loader, 6))))
    assert torch.equal(*batches)
