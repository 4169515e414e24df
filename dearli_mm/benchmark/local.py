"""Runs jobs on this machine, a chosen number at once."""
import os
import time
from typing import Callable, Dict, List, Optional, Sequence, Set

from .attempt import Attempt
from .checks import Facts, examine
from .grid import GridError
from .jobs import Grid, Job
from .progress import progress_line
from .record import FAILED, FINISHED, lock, settled_state, state_of, why

POLL = 0.2  # seconds
BLOCKED = 'blocked'
ELSEWHERE = 'running elsewhere'
Say = Callable[[str], None]


def run_local(grid: Grid,
              jobs: Sequence[Job],
              facts: Dict[str, Facts],
              slots: int = 1,
              gpus: Sequence[str] = (),
              every: float = 60.,
              say: Say = print) -> Dict[str, str]:
    """Run jobs, each in processes of its own.

    A job that fails does not stop others; those that need it are left out.
    An exception (Ctrl-C) stops all processes, and waits for them.

    Args:
        grid (Grid): The grid.
        jobs (Sequence[Job]): Those to run, steps before what needs them.
        facts (dict[str, Facts]): See :func:`examine`.
        slots (int): How many at once. Defaults to 1.
        gpus (Sequence[str]): Given to the slots in turn.
        every (float): Seconds between lines of progress. Defaults to 60.
        say (Callable): Gets a line of text.

    Returns:
        dict[str, str]: State by name: 'finished', 'failed', 'interrupted',
        'blocked' (by a failed step) or 'running elsewhere'.
    """
    return _LocalRunner(grid, jobs, facts, slots, gpus, every, say).run()


class _LocalRunner:

    def __init__(self, grid: Grid, jobs: Sequence[Job],
                 facts: Dict[str, Facts], slots: int, gpus: Sequence[str],
                 every: float, say: Say) -> None:
        self.grid, self.facts, self.say, self.every = grid, facts, say, every
        self.jobs, self.pending = jobs, list(jobs)
        self.attempts: List[Optional[Attempt]] = [None] * slots
        self.environ = [_environ(k, slots, gpus) for k in range(slots)]
        self.states: Dict[str, str] = {}
        self.awaited: Set[str] = set()

    def run(self) -> Dict[str, str]:
        next_lines = time.monotonic() + self.every
        try:
            while self.pending or any(self.attempts):
                self._collect()
                self._fill()
                if time.monotonic() >= next_lines:
                    next_lines += self.every
                    for attempt in filter(None, self.attempts):
                        self.say(progress_line(attempt.job, self._of(attempt)))
                time.sleep(POLL)
        except BaseException:
            self._stop()
            raise
        # In the order of the grid, not in that of their ends.
        return {job.name: self.states[job.name] for job in self.jobs}

    def _collect(self) -> None:
        """Take note of what has ended."""
        for slot, attempt in enumerate(self.attempts):
            if attempt is None or not attempt.ended:
                continue
            self.attempts[slot] = None
            state = settled_state(attempt.job)
            self.say(progress_line(attempt.job, self._of(attempt)))
            self._settle(attempt.job, state,
                         why(attempt.job) if state == FAILED else '')

    def _fill(self) -> None:
        """Start what can be started."""
        for job in list(self.pending):
            free = [k for k, one in enumerate(self.attempts) if one is None]
            if not free:
                return
            needs = [self._need(name) for name in job.needs]
            if FAILED in needs:
                self._settle(job, BLOCKED, 'a step that it needs failed')
            elif all(state == FINISHED for state in needs):
                self._start(job, free[0])

    def _start(self, job: Job, slot: int) -> None:
        held = lock(job)
        if held is None:
            # Others need a step; it is worth waiting for.
            if not job.is_step:
                self._settle(job, ELSEWHERE, 'another process runs it')
            elif job.name not in self.awaited:
                self.awaited.add(job.name)
                self.say(f'{job.name}: another process runs it; waiting')
            return
        if settled_state(job) == FINISHED:  # by another process, meanwhile
            held.close()
            self._settle(job, FINISHED)
            return
        if job.config and not self.facts[job.name].images:
            try:
                self._examine_again(job)
            except GridError as error:
                held.close()
                self._settle(job, FAILED, str(error))
                return
        self.pending.remove(job)
        attempt = Attempt(job, self.facts[job.name], self.grid.trainer, held,
                          self.environ[slot])
        self.attempts[slot] = attempt
        gpu = attempt.environ.get('CUDA_VISIBLE_DEVICES')
        self.say(f'{job.name}: {"resumed" if attempt.resumed else "started"}' +
                 (f' on GPU {gpu}' if gpu else ''))

    def _examine_again(self, job: Job) -> None:
        """Look at data that have just been made, once for all seeds."""
        before = self.facts[job.name].fingerprint
        found = examine(self.grid, [job])[job.name]
        for other, facts in self.facts.items():
            if facts.fingerprint == before:
                self.facts[other] = found

    def _need(self, name: str) -> str:
        """State of a step; 'failed' for whatever keeps it from ending."""
        state = self.states.get(name)
        if state is None:
            waits = [job.name for job in self.pending] + [
                attempt.job.name for attempt in filter(None, self.attempts)]
            state = '' if name in waits else state_of(self.grid.job(name))
        return FAILED if state not in ('', FINISHED) else state

    def _settle(self, job: Job, state: str, reason: str = '') -> None:
        if job in self.pending:
            self.pending.remove(job)
        self.states[job.name] = state
        if reason:
            self.say(f'{job.name}: {state}: {reason}')

    def _stop(self) -> None:
        running = [one for one in self.attempts if one is not None]
        for attempt in running:
            attempt.stop()
        for attempt in running:
            attempt.wait()

    def _of(self, attempt: Attempt) -> int:
        return self.facts[attempt.job.name].max_iters


def _environ(slot: int, slots: int, gpus: Sequence[str]) -> Dict[str, str]:
    if gpus:
        return dict(CUDA_VISIBLE_DEVICES=gpus[slot % len(gpus)])
    if slots > 1 and 'OMP_NUM_THREADS' not in os.environ:
        # Each would use all cores, and hold up the others.
        cores = max(1, (os.cpu_count() or 1) // slots)
        return dict(OMP_NUM_THREADS=str(cores))
    return {}
