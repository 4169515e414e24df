"""CPU and wall time of the phases of a piece of work."""
import time
from collections import defaultdict
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List

import torch


class PhaseTimer:
    """Adds up the time of named phases; a nested phase is not counted twice.

    The time of a phase is that of its blocks without the blocks inside them.
    CPU time is that of all threads of the process. What a GPU was given in a
    phase is waited for at its end.

    Args:
        device (str): Where the work is done. Defaults to 'cpu'.

    Attributes:
        cpu (dict[str, float]): Milliseconds of each phase.
        wall (dict[str, float]): The same.
    """

    def __init__(self, device: str = 'cpu') -> None:
        self.device = device
        self._open: List[str] = []
        self.restart()

    def restart(self) -> None:
        """Forget all times."""
        self._lap()
        self.cpu: Dict[str, float] = defaultdict(float)
        self.wall: Dict[str, float] = defaultdict(float)

    def _lap(self) -> None:
        # What the device was given is done first.
        if torch.device(self.device).type == 'cuda':
            torch.cuda.synchronize(self.device)
        now = (time.process_time(), time.perf_counter())
        if self._open:
            self.cpu[self._open[-1]] += 1000 * (now[0] - self._last[0])
            self.wall[self._open[-1]] += 1000 * (now[1] - self._last[1])
        self._last = now

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Everything in the block belongs to the phase."""
        self._lap()
        self._open.append(name)
        try:
            yield
        finally:
            self._lap()
            self._open.pop()

    def watch(self, owner: Any, method: str, phase: str) -> None:
        """Let the calls of one object's method be blocks of a phase."""
        setattr(owner, method, self.phase(phase)(getattr(owner, method)))
