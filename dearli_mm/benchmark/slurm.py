"""Hands jobs to SLURM: a batch script each."""
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Callable, Dict, List, Sequence

from ..utils.atomic_backend import AtomicLocalBackend
from .grid import GridError
from .jobs import Grid, Job
from .record import FINISHED, FOLDER, RUNNING, state_of

SUBMITTED = 'submitted'
QUEUED = 'queued'


def submit(grid: Grid,
           jobs: Sequence[Job],
           options: str,
           runner: Sequence[str],
           say: Callable[[str], None] = print) -> Dict[str, str]:
    """Submit jobs; those that are done, at work or in the queue are left.

    A job waits for the steps it needs (``--dependency=afterok``). Its script
    runs this benchmark for that one job, so records, locks and resuming are
    the same as on one machine.

    Args:
        grid (Grid): The grid.
        jobs (Sequence[Job]): Those to run, steps before what needs them.
        options (str): Options of ``sbatch``; a first word without dash is
            the partition.
        runner (Sequence[str]): Command that runs the grid, to which
            ``--only NAME`` is added.
        say (Callable): Gets a line of text.

    Returns:
        dict[str, str]: 'submitted', 'queued', 'running' or 'finished', by
        name.

    Raises:
        GridError: If there is no sbatch, or it refuses a job.
    """
    if shutil.which('sbatch') is None:
        raise GridError('--slurm: there is no sbatch on this machine; submit '
                        'from a login node')
    states, numbers = {}, {}
    for job in jobs:
        state = state_of(job)
        queued = _queued(job)
        if queued and state != FINISHED:
            states[job.name], numbers[job.name] = QUEUED, queued
            say(f'{job.name}: in the queue as {queued}')
        elif state in (FINISHED, RUNNING):
            states[job.name] = state
            say(f'{job.name}: {state}')
        else:
            waits = [numbers[name] for name in job.needs if name in numbers]
            number = _submit(job, _words(options), runner, waits)
            states[job.name], numbers[job.name] = SUBMITTED, number
            after = f' after {", ".join(waits)}' if waits else ''
            say(f'{job.name}: submitted as {number}{after}')
    return states


def _submit(job: Job, options: List[str], runner: Sequence[str],
            waits: List[str]) -> str:
    """Write the script of a job and submit it; returns its number."""
    folder = job.work_dir.absolute() / FOLDER
    lines = [
        '#!/bin/bash',
        f'#SBATCH --job-name={job.name}',
        f'#SBATCH --output={folder}/slurm-%j.log',
        *(f'#SBATCH {option}' for option in options),
        # Signals are for the benchmark, which passes them on.
        f'cd {shlex.quote(str(Path.cwd()))}',
        f'exec {shlex.join([*runner, "--only", job.name])}',
        ''
    ]
    files = AtomicLocalBackend()
    script = folder / 'job.sh'
    files.put_text('\n'.join(lines), script)
    command = ['sbatch', '--parsable']
    if waits:
        command += [f'--dependency=afterok:{":".join(waits)}',
                    '--kill-on-invalid-dep=yes']
    done = subprocess.run([*command, str(script)], capture_output=True,
                          text=True)
    if done.returncode:
        raise GridError(f'{job.name}: sbatch refused {script}: '
                        f'{done.stderr.strip()}')
    number = done.stdout.strip().split(';')[0]
    files.put_text(number, folder / 'slurm_job')
    return number


def _queued(job: Job) -> str:
    """Number of the job in SLURM's queue, or nothing."""
    path = job.work_dir / FOLDER / 'slurm_job'
    if not path.is_file() or shutil.which('squeue') is None:
        return ''
    number = path.read_text().strip()
    done = subprocess.run(['squeue', '-h', '-o', '%i', '-j', number],
                          capture_output=True, text=True)
    return number if number in done.stdout.split() else ''


def _words(options: str) -> List[str]:
    """Options of the script's head, an option with its value a line."""
    lines: List[str] = []
    for word in shlex.split(options):
        if word.startswith('-'):
            lines.append(word)
        elif not lines:
            lines.append(f'--partition={word}')
        else:
            lines[-1] += f' {word}'
    return lines
