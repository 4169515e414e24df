"""Starts, watches and stops the process of one job."""
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO, List, Mapping, Optional, Sequence

from . import supervise
from .checks import Facts, cli_options
from .jobs import Job
from .record import (last_checkpoint, output_path, provenance, read_record,
                     record_path, write_record)

GRACE = 20  # seconds that a process gets to end by itself


def job_command(job: Job, facts: Facts, trainer: Sequence[str],
                resume: Optional[Path] = None) -> List[str]:
    """The command of a job, as it could be typed.

    Args:
        job (Job): The job.
        facts (Facts): What was found out about it.
        trainer (Sequence[str]): The training command, before the config.
        resume (Path, optional): Checkpoint to go on from.
    """
    if job.command:
        return list(job.command)
    options = {**job.cfg_options, **facts.options}
    if job.seed is not None:
        options['randomness.seed'] = job.seed
    command = [*trainer, job.config, '--work-dir', str(job.work_dir),
               *job.args]
    if resume is not None:
        command += ['--resume', str(resume)]
    if options:
        command += ['--cfg-options', *cli_options(options)]
    return command


class Attempt:
    """A job at work, in a process group of its own.

    Args:
        job (Job): The job.
        facts (Facts): What was found out about it.
        trainer (Sequence[str]): See :func:`job_command`.
        held (IO): The lock of the job; the process keeps it.
        environ (Mapping[str, str]): Variables beside those of this process.
    """

    def __init__(self, job: Job, facts: Facts, trainer: Sequence[str],
                 held: IO, environ: Mapping[str, str]) -> None:
        self.job = job
        self.environ = dict(environ)
        resume = last_checkpoint(job.work_dir)
        self.resumed = resume is not None
        command = job_command(job, facts, trainer, resume)
        _note(job, facts, command, self.environ)
        with output_path(job).open('ab') as output:
            self._process = subprocess.Popen(
                [sys.executable, '-I', '-S', supervise.__file__,
                 str(record_path(job)), *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.environ},
                start_new_session=True,
                pass_fds=[held.fileno()])
        held.close()  # the supervising process has it now

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self._process.poll() is not None

    def stop(self) -> None:
        """Ask all its processes to end."""
        self._signal(signal.SIGTERM)

    def wait(self) -> None:
        """Wait until it has ended; end it if it takes too long."""
        try:
            self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            self._process.wait()

    def _signal(self, number: int) -> None:
        if not self.ended:
            os.killpg(self._process.pid, number)


def _note(job: Job, facts: Facts, command: List[str], environ: dict) -> None:
    """Begin a new attempt in the record."""
    record = read_record(job)
    record.update(
        name=job.name,
        fingerprint=facts.fingerprint,
        max_iters=facts.max_iters,
        images=facts.images or record.get('images', {}))
    start = provenance()
    if 'CUDA_VISIBLE_DEVICES' in environ:
        start['gpus'] = environ['CUDA_VISIBLE_DEVICES']
    record.setdefault('attempts', []).append(dict(start, command=command))
    write_record(job, record)
