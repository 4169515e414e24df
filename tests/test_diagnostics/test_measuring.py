"""The instruments: phases, bytes for the backward pass, live bytes."""
import time

import pytest
import torch
from torch import nn

from dearli_mm.diagnostics.phases import PhaseTimer
from dearli_mm.diagnostics.tensor_memory import (LiveBytes, saved_bytes,
                                                 tells_when_freed)


class Clock:
    """Time that passes when told to."""

    def __init__(self, monkeypatch):
        self.now = 0.
        for name in ('process_time', 'perf_counter'):
            monkeypatch.setattr(time, name, lambda: self.now)


def test_a_nested_phase_is_not_counted_twice(monkeypatch):
    clock = Clock(monkeypatch)
    timer = PhaseTimer()
    clock.now += 5  # outside of any phase
    with timer.phase('outer'):
        clock.now += 1
        with timer.phase('inner'):
            clock.now += 2
        clock.now += 0.5
    assert timer.cpu == timer.wall == {'outer': 1500, 'inner': 2000}


def test_watched_methods_are_phases(monkeypatch):
    clock = Clock(monkeypatch)

    class Worker(nn.Module):

        def forward(self, seconds):
            clock.now += seconds
            if seconds < 0:
                raise ValueError
            return 'done'

    worker, timer = Worker(), PhaseTimer()
    timer.watch(worker, 'forward', 'working')
    assert worker(1) == worker(2) == 'done'
    with pytest.raises(ValueError):
        worker(-1)
    assert timer.cpu == {'working': 2000}
    timer.restart()
    assert not timer.cpu


def test_saved_bytes_by_hand():
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh())
    x = torch.randn(3, 4)
    # The linear layer keeps its input, tanh its result; no weights.
    parts = saved_bytes(lambda: model(x).sum(), model)
    assert parts == {'1': 3 * 8 * 4, '0': 3 * 4 * 4}


def test_saved_outside_of_modules_belongs_to_the_losses():
    model = nn.Identity()
    x = torch.randn(10, requires_grad=True)
    assert saved_bytes(lambda: (model(x) * x).sum(), model) == {'losses': 40}


needs_frees = pytest.mark.skipif(
    not tells_when_freed(), reason='this PyTorch hides when memory is freed')


@needs_frees
def test_live_bytes_by_hand():
    with LiveBytes() as memory:
        a = torch.zeros(100)
        b = a + 1
        view = b[10:]
        del a, b
        assert memory.live == 400 and memory.peak == 800
        del view
        assert memory.live == 0


@needs_frees
def test_views_of_what_was_there_do_not_count():
    weight = torch.zeros(100, 10)
    with LiveBytes() as memory:
        view = weight.t()
        assert memory.live == 0
        assert (view + 1).shape == (10, 100)
    assert memory.peak == 4000
