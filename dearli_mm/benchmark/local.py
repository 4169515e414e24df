"""Runs jobs on this machine, a chosen number at once."""
import os
import time
from typing import Dict, List, Optional, Sequence, Set

from .attempt import Attempt
from .checks import Facts, examine
from .grid import GridError
from .jobs import Grid, Job
from .record import (FAILED, FINISHED, lock, progress_line, reason_of_failure,
                     settled_state)

POLL = 0.2  # seconds
BLOCKED = 'blocked'
ELSEWHERE = 'running elsewhere'


class LocalRunner:
    """Runs jobs, each in processes of its own.

    A job that fails does not stop others; those that need it are left out.

    Args:
        grid (Grid): The grid.
        jobs (Sequence[Job]): Those to run, with all steps that they need.
        facts (dict[str, Facts]): See :func:`examine`.
        slots (int): How many at once.
        gpus (Sequence[str]): Given to the slots in turn.
        every (float): Seconds between lines of progress.

    Attributes:
        states (dict[str, str]): States of jobs that are over: 'finished',
            'failed', 'interrupted', 'blocked' (by a failed step) or 'running
            elsewhere'.
    """

    def __init__(self, grid: Grid, jobs: Sequence[Job],
                 facts: Dict[str, Facts], slots: int, gpus: Sequence[str],
                 every: float) -> None:
        self.grid, self.facts, self.every = grid, facts, every
        self.pending = [job for job in jobs if settled_state(job) != FINISHED]
        self.attempts: List[Optional[Attempt]] = [None] * slots
        self.environ = [_environ(k, slots, gpus) for k in range(slots)]
        self.states = {
            job.name: FINISHED for job in jobs if job not in self.pending}
        self.awaited: Set[str] = set()

    def run(self) -> None:
        """Run all; an exception (Ctrl-C) stops all processes."""
        next_lines = time.monotonic() + self.every
        try:
            while self.pending or self.running:
                self._collect()
                self._fill()
                if time.monotonic() >= next_lines:
                    next_lines += self.every
                    for attempt in self.running:
                        print(progress_line(attempt.job))
                time.sleep(POLL)
        except BaseException:
            running = self.running  # all are told before any is waited for
            for attempt in running:
                attempt.stop()
            for attempt in running:
                attempt.wait()
            raise

    @property
    def running(self) -> List[Attempt]:
        """list[Attempt]: Those that are at work."""
        return [attempt for attempt in self.attempts if attempt]

    def _collect(self) -> None:
        """Take note of what has ended."""
        for slot, attempt in enumerate(self.attempts):
            if attempt and attempt.poll():
                self.attempts[slot] = None
                job, state = attempt.job, settled_state(attempt.job)
                print(progress_line(job))
                self._settle(job, state, reason_of_failure(job)
                             if state == FAILED else '')

    def _fill(self) -> None:
        """Start what can be started."""
        for job in list(self.pending):
            if None not in self.attempts:
                return
            needs = {self.states.get(name) for name in job.needs}
            if needs - {FINISHED, None}:
                self._settle(job, BLOCKED, 'a step that it needs failed')
            elif None not in needs:  # those are not over yet
                self._start(job, self.attempts.index(None))

    def _start(self, job: Job, slot: int) -> None:
        held = lock(job)
        if held is None and job.is_step:  # it is worth waiting for
            if job.name not in self.awaited:
                self.awaited.add(job.name)
                print(f'{job.name}: another process runs it; waiting')
            return
        if held is None:
            self._settle(job, ELSEWHERE, 'another process runs it')
            return
        if settled_state(job) == FINISHED:  # by another process, meanwhile
            held.close()
            self._settle(job, FINISHED)
            return
        try:
            if job.config and not self.facts[job.name].images:
                # The data have been made since.
                self.facts.update(examine(self.grid, [job]))
        except GridError as error:
            held.close()
            self._settle(job, FAILED, str(error))
            return
        self.pending.remove(job)
        attempt = self.attempts[slot] = Attempt(
            job, self.facts[job.name], self.grid.trainer, held,
            self.environ[slot])
        gpu = self.environ[slot].get('CUDA_VISIBLE_DEVICES')
        print(f'{job.name}: {"resumed" if attempt.resumed else "started"}' +
              (f' on GPU {gpu}' if gpu else ''))

    def _settle(self, job: Job, state: str, reason: str = '') -> None:
        if job in self.pending:
            self.pending.remove(job)
        self.states[job.name] = state
        if reason:
            print(f'{job.name}: {state}: {reason}')


def _environ(slot: int, slots: int, gpus: Sequence[str]) -> Dict[str, str]:
    if gpus:
        return dict(CUDA_VISIBLE_DEVICES=gpus[slot % len(gpus)])
    if slots > 1 and 'OMP_NUM_THREADS' not in os.environ:
        # Each would use all cores, and hold up the others.
        cores = max(1, (os.cpu_count() or 1) // slots)
        return dict(OMP_NUM_THREADS=str(cores))
    return {}
