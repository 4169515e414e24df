"""CPU and wall time of the phases of a step."""
import functools
import time
from collections import defaultdict
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List


class PhaseTimer:
    """Adds up the time of named phases; a nested phase is not counted twice.

    The time of a phase is that of its blocks without the blocks inside them.
    CPU time is that of all threads of the process.

    Attributes:
        cpu (dict[str, float]): Milliseconds of each phase.
        wall (dict[str, float]): The same.
    """

    def __init__(self) -> None:
        self._open: List[str] = []
        self.restart()

    def restart(self) -> None:
        """Forget all times."""
        self.cpu: Dict[str, float] = defaultdict(float)
        self.wall: Dict[str, float] = defaultdict(float)
        self._last = (time.process_time(), time.perf_counter())

    def _lap(self) -> None:
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

    def wrap(self, owner: Any, method: str, name: str) -> None:
        """Let every call of a method be a block of the phase."""
        function = getattr(owner, method)

        @functools.wraps(function)
        def timed(*args, **kwargs):
            with self.phase(name):
                return function(*args, **kwargs)

        setattr(owner, method, timed)
