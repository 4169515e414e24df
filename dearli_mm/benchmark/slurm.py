"""Hands jobs to SLURM."""
import shlex
import shutil
import subprocess
from typing import Dict, List, Sequence

from .grid import GridError
from .jobs import Job
from .record import FINISHED, RUNNING, state_of


def submit(jobs: Sequence[Job], options: str, runner: Sequence[str]) -> None:
    """Submit jobs; those that are done, at work or in the queue are left.

    Each becomes a job of SLURM's under the name of its folder, which waits
    for the steps it needs (``--dependency=afterok``). It runs this benchmark
    for that one job, so records, locks and resuming are the same as on one
    machine.

    Args:
        jobs (Sequence[Job]): Those to run, steps before what needs them.
        options (str): Options of ``sbatch``; a first word without dash is
            the partition.
        runner (Sequence[str]): Command that runs the grid, to which
            ``--only NAME`` is added.

    Raises:
        GridError: If there is no sbatch, or it refuses a job.
    """
    if shutil.which('sbatch') is None:
        raise GridError('--slurm: there is no sbatch on this machine; submit '
                        'from a login node')
    words = shlex.split(options)
    if words and not words[0].startswith('-'):
        words[0] = f'--partition={words[0]}'
    queue = _queue()
    numbers: Dict[str, str] = {}
    for job in jobs:
        state, name = state_of(job), str(job.work_dir.absolute())
        if name in queue and state != FINISHED:  # running ones, too
            numbers[job.name] = queue[name]
            print(f'{job.name}: in the queue as {queue[name]}')
        elif state in (FINISHED, RUNNING):
            print(f'{job.name}: {state}')
        else:
            after = [numbers[need] for need in job.needs if need in numbers]
            numbers[job.name] = _submit(job, words, runner, after)
            print(f'{job.name}: submitted as {numbers[job.name]}' +
                  (f' after {", ".join(after)}' if after else ''))


def _submit(job: Job, options: List[str], runner: Sequence[str],
            after: List[str]) -> str:
    """Submit one job; returns its number."""
    job.folder.mkdir(parents=True, exist_ok=True)  # SLURM would not make it
    if after:
        options = [*options, f'--dependency=afterok:{":".join(after)}',
                   '--kill-on-invalid-dep=yes']
    # exec: signals are for the benchmark, which passes them on.
    command = 'exec ' + shlex.join([*runner, '--only', job.name])
    done = subprocess.run(
        ['sbatch', '--parsable', f'--job-name={job.work_dir.absolute()}',
         f'--output={job.folder.absolute()}/slurm-%j.log', *options, '--wrap',
         command], capture_output=True, text=True)
    if done.returncode:
        raise GridError(f'{job.name}: sbatch refused it: '
                        f'{done.stderr.strip()}')
    return done.stdout.strip().split(';')[0]


def _queue() -> Dict[str, str]:
    """Numbers of this user's jobs in the queue, by name."""
    done = subprocess.run(['squeue', '--me', '-h', '-o', '%i %j'],
                          capture_output=True, text=True)
    pairs = (line.split(' ', 1) for line in done.stdout.splitlines())
    return {name: number for number, name in pairs}
