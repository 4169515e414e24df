"""What is known of a job, from files in its folder alone."""
import fcntl
import json
import time
from pathlib import Path
from typing import IO, List, Optional

from ..utils.atomic import write_text
from ..utils.text_files import read_json, read_text
from .jobs import Job
from .run_logs import latest_step, read_validations

FINISHED, FAILED, INTERRUPTED, RUNNING, WAITING = STATES = (
    'finished', 'failed', 'interrupted', 'running', 'waiting')


def record_path(job: Job) -> Path:
    """The file that all attempts of a job are noted in."""
    return job.folder / 'record.json'


def output_path(job: Job) -> Path:
    """What the job's command prints goes here."""
    return job.folder / 'output.log'


def read_record(job: Job) -> dict:
    """Settings and attempts of a job; empty if it never started.

    Raises:
        ValueError: If the file is no JSON.
    """
    path = record_path(job)
    return read_json(path) if path.is_file() else {}


def write_record(job: Job, record: dict) -> None:
    """Write a record, all or nothing."""
    write_text(record_path(job), json.dumps(record, indent=1), durable=True)


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
    job.folder.mkdir(parents=True, exist_ok=True)
    file = (job.folder / 'lock').open('w')
    for left in reversed(range(tries)):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return file
        except BlockingIOError:
            if left:
                time.sleep(0.05)
    file.close()
    return None


def state_of(job: Job) -> str:
    """One of :data:`STATES`, by the job's files."""
    if (job.folder / 'lock').exists():
        file = lock(job, tries=1)
        if file is None:
            return RUNNING
        file.close()
    return settled_state(job)


def settled_state(job: Job) -> str:
    """The state of a job that no other process works on.

    A step is finished if its output is there, too; the output alone is enough
    if the step is a training (a checkpoint is complete or not there).
    """
    attempts = read_record(job).get('attempts')
    if not attempts:
        given = job.is_step and job.config and job.output.exists()
        return FINISHED if given else WAITING
    code = attempts[-1].get('exit_code')
    if code is None or code < 0:
        return INTERRUPTED
    return FINISHED if code == 0 and not _lacking(job) else FAILED


def reason_of_failure(job: Job) -> str:
    """Why a job failed, in a line."""
    code = read_record(job)['attempts'][-1].get('exit_code')
    path = output_path(job)
    if code == 0:
        reason = f'ended without {_lacking(job)}'
    else:
        said = path.read_text('utf-8', 'replace') if path.is_file() else ''
        last = said.strip().rsplit('\n', 1)[-1].strip()
        reason = f'exit code {code}' + (f': {last[:200]}' if last else '')
    return f'{reason}; see {path}'


def last_checkpoint(work_dir: Path) -> Optional[Path]:
    """What a run goes on from; the folder may have been moved."""
    pointer = work_dir / 'last_checkpoint'
    if not pointer.is_file():
        return None
    path = work_dir / Path(read_text(pointer).strip()).name
    return path if path.is_file() else None


def progress_line(job: Job) -> str:
    """State, step, latest PQ and time left of a job."""
    state, of = state_of(job), read_record(job).get('max_iters')
    parts = [state]
    step, seconds = latest_step(job.work_dir)
    if step and of:
        parts.append(f'step {step}/{of}')
    parts += latest_result(job)
    if state == RUNNING and step and seconds and of and of > step:
        parts.append(f'{duration(seconds * (of - step))} left')
    return f'{job.name}: ' + ', '.join(parts)


def latest_result(job: Job) -> List[str]:
    """The latest validation in words; empty if there is none."""
    validations = read_validations(job.work_dir, ('PQ', 'AR@100'))
    step = max(validations, default=None)
    return [f'{key.replace("/", " ")} {value:.1f} at step {step}'
            for key, value in validations.get(step, {}).items()]


def duration(seconds: Optional[float]) -> str:
    """Seconds as a person would say it; '-' for None and NaN."""
    if seconds is None or seconds != seconds:
        return '-'
    for length, unit in ((3600, 'h'), (60, 'min')):
        if seconds >= length:
            return f'{seconds / length:.{int(unit == "h")}f} {unit}'
    return f'{seconds:.0f} s'


def _lacking(job: Job) -> str:
    """What a job that ended well ought to have left, and has not."""
    if job.is_step:
        return '' if job.output.exists() else f'its output {job.output}'
    return '' if read_validations(job.work_dir) else \
        'a validation with PQ in its log'
