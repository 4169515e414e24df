"""What is known of a job, from files in its folder alone."""
import fcntl
import json
import os
import platform
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Dict, Optional

from .. import __version__
from ..stack import installed_version
from ..utils.atomic_backend import AtomicLocalBackend
from .run_logs import read_validations
from .jobs import Job

FOLDER = 'benchmark'  # below the job's folder
FINISHED, FAILED, INTERRUPTED, RUNNING, WAITING = STATES = (
    'finished', 'failed', 'interrupted', 'running', 'waiting')
PACKAGES = ('torch', 'mmengine', 'mmcv', 'mmcv-lite', 'mmdet')


def record_path(job: Job) -> Path:
    """The file that all attempts of a job are noted in."""
    return job.work_dir / FOLDER / 'record.json'


def output_path(job: Job) -> Path:
    """What the job's command prints goes here."""
    return job.work_dir / FOLDER / 'output.log'


def read_record(job: Job) -> dict:
    """Settings and attempts of a job; empty if it never started.

    Raises:
        ValueError: If the file is no record.
    """
    path = record_path(job)
    if not path.is_file():
        return {}
    try:
        return json.loads(path.read_text())
    except json.JSONDecodeError as error:
        raise ValueError(f'{path} is no record of a run: {error}') from None


def write_record(job: Job, record: dict) -> None:
    """Write a record, all or nothing."""
    AtomicLocalBackend().put_text(
        json.dumps(record, indent=1), record_path(job))


def lock(job: Job, tries: int = 3) -> Optional[IO]:
    """Take the lock of a job.

    It belongs to the open file: a process that inherits the file keeps it,
    and when the last one ends, however that may be, the lock is free.

    Args:
        job (Job): The job.
        tries (int): Whoever looks whether a job runs has its lock for a
            moment; that is no reason to leave the job out. Defaults to 3.

    Returns:
        IO | None: The open file, or None if another process has the lock.
    """
    path = job.work_dir / FOLDER / 'lock'
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open('w')
    for left in reversed(range(tries)):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return file
        except BlockingIOError:
            if left:
                time.sleep(0.05)
    file.close()
    return None


def is_running(job: Job) -> bool:
    """Whether any process has the lock of a job."""
    if not (job.work_dir / FOLDER / 'lock').exists():
        return False
    file = lock(job, tries=1)
    if file is not None:
        file.close()
    return file is None


def state_of(job: Job) -> str:
    """One of :data:`STATES`.

    A step is finished if its output is there, too; the output alone is enough
    if the step is a training (a checkpoint is complete or not there).
    """
    if is_running(job):
        return RUNNING
    return settled_state(job)


def settled_state(job: Job) -> str:
    """The state of a job that no other process works on."""
    attempts = read_record(job).get('attempts')
    if not attempts:
        given = job.is_step and job.config and job.output.exists()
        return FINISHED if given else WAITING
    code = attempts[-1].get('exit_code')
    if code is None or code < 0:
        return INTERRUPTED
    return FINISHED if code == 0 and not lacking(job) else FAILED


def lacking(job: Job) -> str:
    """What a job that ended well ought to have left, and has not."""
    if job.is_step:
        return '' if job.output.exists() else f'its output {job.output}'
    try:
        there = read_validations(job.work_dir)
    except FileNotFoundError:
        there = {}
    return '' if there else 'a validation with PQ in its log'


def why(job: Job) -> str:
    """Why a job failed, in a line."""
    attempt = (read_record(job).get('attempts') or [{}])[-1]
    code = attempt.get('exit_code')
    if code == 0 and lacking(job):
        reason = f'ended without {lacking(job)}'
    else:
        reason = f'exit code {code}' + _last_line(output_path(job))
    return f'{reason}; see {output_path(job)}'


def last_checkpoint(work_dir: Path) -> Optional[Path]:
    """What a run goes on from; the folder may have been moved."""
    pointer = work_dir / 'last_checkpoint'
    if not pointer.is_file():
        return None
    path = work_dir / Path(pointer.read_text().strip()).name
    return path if path.is_file() else None


def provenance() -> Dict[str, object]:
    """Commit, versions and machine of this process."""
    versions = {
        name: version
        for name in PACKAGES if (version := installed_version(name))
    }
    return dict(
        commit=_commit(),
        versions=dict(
            python=platform.python_version(),
            dearli_mm=__version__,
            **versions),
        host=socket.gethostname(),
        gpus=os.environ.get('CUDA_VISIBLE_DEVICES'))


def _commit() -> Optional[str]:
    """The checkout's commit, '+' if files differ; None without git."""
    root = Path(sys.modules['dearli_mm'].__file__).parents[1]
    try:
        commit, changes = (
            subprocess.run(['git', '-C', str(root), *command],
                           capture_output=True, text=True,
                           check=True).stdout.strip()
            for command in (['rev-parse', '--short=10', 'HEAD'],
                            ['status', '--porcelain', '-uno']))
    except (OSError, subprocess.CalledProcessError):
        return None
    return commit + ('+' if changes else '')


def _last_line(path: Path) -> str:
    lines = path.read_text(errors='replace').split('\n') \
        if path.is_file() else []
    said = [line.strip() for line in lines if line.strip()]
    return f': {said[-1][:200]}' if said else ''
