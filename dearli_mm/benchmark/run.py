"""Runs what is left of a benchmark, here or on a cluster."""
from collections import Counter
from fnmatch import fnmatchcase
from typing import List, Optional, Sequence

import pandas as pd

from .checks import examine
from .grid import GridError
from .jobs import Grid, Job
from .local import BLOCKED, LocalRunner
from .record import (FAILED, INTERRUPTED, latest_result, read_record,
                     state_of)
from .run_logs import latest_step
from .slurm import submit

# States of jobs at the end that make a benchmark a failure.
BAD = (FAILED, INTERRUPTED, BLOCKED)


def select_jobs(grid: Grid, only: Sequence[str] = ()) -> List[Job]:
    """Jobs that patterns name, and the steps that they need.

    Args:
        grid (Grid): The grid.
        only (Sequence[str]): Patterns of names as the shell has them, such as
            ``dear*/12/*``. Defaults to all.

    Raises:
        GridError: If a pattern fits no job.
    """
    chosen = {job.name for job in grid.jobs if not only}
    for pattern in only:
        found = {job.name for job in grid.jobs
                 if fnmatchcase(job.name, pattern)}
        if not found:
            raise GridError(f'--only {pattern!r} fits none of the jobs, such '
                            f'as {[job.name for job in grid.jobs][:4]}')
        chosen |= found
    # From behind: the needs of a job stand before it.
    for job in reversed(grid.jobs):
        if job.name in chosen:
            chosen.update(job.needs)
    return [job for job in grid.jobs if job.name in chosen]


def run_benchmark(grid: Grid,
                  jobs: Sequence[Job],
                  slots: int = 1,
                  gpus: Sequence[str] = (),
                  slurm: Optional[str] = None,
                  runner: Sequence[str] = (),
                  every: float = 60.) -> bool:
    """Check all that is to run, then run it, or submit it to SLURM.

    Prints what happens, a line each.

    Args:
        grid (Grid): The grid.
        jobs (Sequence[Job]): From :func:`select_jobs`.
        slots (int): How many at once. Defaults to 1.
        gpus (Sequence[str]): Given to the processes in turn.
        slurm (str, optional): Options of sbatch; submits instead of running.
        runner (Sequence[str]): Command for a SLURM job, see :func:`submit`.
        every (float): Seconds between lines of progress. Defaults to 60.

    Returns:
        bool: Whether all went well.

    Raises:
        GridError: If the grid cannot be run; nothing has been started.
    """
    facts = examine(grid, jobs)
    if slurm is not None:
        submit(jobs, slurm, runner)
        return True
    local = LocalRunner(grid, jobs, facts, slots, gpus, every)
    print(f'{len(jobs)} jobs, {len(local.pending)} to do, {slots} at once')
    local.run()
    counts = Counter(local.states.values())
    print('At the end: ' + ', '.join(f'{n} {s}' for s, n in counts.items()))
    bad = {name: s for name, s in local.states.items() if s in BAD}
    for name, state in bad.items():
        print(f'  {state}: {name}')
    return not bad


def state_table(jobs: Sequence[Job]) -> str:
    """A table of all jobs with their states."""
    rows = []
    for job in jobs:
        record = read_record(job)
        step, _ = latest_step(job.work_dir)
        of = record.get('max_iters')
        rows.append(
            dict(
                job=job.name,
                state=state_of(job),
                step='-' if step is None else f'{step}/{of or "?"}',
                attempts=len(record.get('attempts', [])),
                result=', '.join(latest_result(job)) or '-'))
    return pd.DataFrame(rows).to_markdown(
        index=False, tablefmt='plain', disable_numparse=True)
