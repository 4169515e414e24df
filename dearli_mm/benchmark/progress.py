"""How far runs have come, as lines of text."""
from typing import Iterable, List, Optional

from .run_logs import align, read_log, read_validations, run_logs
from .jobs import Job
from .record import RUNNING, read_record, state_of


def progress_line(job: Job, max_iters: int) -> str:
    """State, step, latest PQ and time left of a job.

    Args:
        job (Job): The job.
        max_iters (int): Steps of its training; 0 if it is none.
    """
    state = state_of(job)
    parts = [state]
    step, seconds = latest_step(job)
    if step is not None and max_iters:
        parts.append(f'step {step}/{max_iters}')
    parts += _latest_result(job)
    if state == RUNNING and seconds and step is not None and max_iters > step:
        parts.append(f'{duration(seconds * (max_iters - step))} left')
    return f'{job.name}: ' + ', '.join(parts)


def state_table(jobs: Iterable[Job]) -> str:
    """A table of all jobs with their states."""
    lines: List[List[str]] = [['job', 'state', 'step', 'attempts', 'result']]
    for job in jobs:
        record = read_record(job)
        step, _ = latest_step(job)
        of = record.get('max_iters')
        lines.append([
            job.name,
            state_of(job), '-' if step is None else
            f'{step}/{of}' if of else str(step),
            str(len(record.get('attempts', []))),
            ', '.join(_latest_result(job)) or '-'
        ])
    return align(lines)


def latest_step(job: Job) -> tuple:
    """The latest step in the log and the seconds a step takes, or Nones."""
    for log in reversed(run_logs(job.work_dir)):
        for record in reversed(read_log(log)):
            if 'loss' in record and 'step' in record:
                return record['step'], record.get('time')
    return None, None


def duration(seconds: Optional[float]) -> str:
    """Seconds as a person would say it; '-' for None."""
    if seconds is None:
        return '-'
    if seconds < 60:
        return f'{seconds:.0f} s'
    if seconds < 3600:
        return f'{seconds / 60:.0f} min'
    return f'{seconds / 3600:.1f} h'


def _latest_result(job: Job) -> List[str]:
    if not run_logs(job.work_dir):
        return []
    validations = read_validations(job.work_dir, ['PQ', 'AR@100'])
    if not validations:
        return []
    step = max(validations)
    return [
        f'{key.replace("/", " ")} {value:.1f} at step {step}'
        for key, value in validations[step].items()
    ]
