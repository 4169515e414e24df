"""Starts, watches and stops the process of one job."""
import os
import platform
import re
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import IO, List, Mapping, Optional, Sequence

from .. import __version__
from ..stack import versions
from .checks import Facts, cli_options
from .jobs import Job
from .record import last_checkpoint, output_path, read_record, write_record

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

    The process inherits the lock of the job: should the benchmark be killed,
    nobody starts the job a second time as long as the process lives.

    Args:
        job (Job): The job.
        facts (Facts): What was found out about it.
        trainer (Sequence[str]): See :func:`job_command`.
        held (IO): The lock of the job.
        environ (Mapping[str, str]): Variables beside those of this process.
    """

    def __init__(self, job: Job, facts: Facts, trainer: Sequence[str],
                 held: IO, environ: Mapping[str, str]) -> None:
        self.job = job
        resume = last_checkpoint(job.work_dir)
        self.resumed = resume is not None
        command = job_command(job, facts, trainer, resume)
        environ = {**os.environ, **environ}
        self._begin = time.time()
        record = read_record(job)
        record.update(name=job.name, fingerprint=facts.fingerprint,
                      max_iters=facts.max_iters,
                      images=facts.images or record.get('images', {}))
        record.setdefault('attempts', []).append(dict(
            commit=_commit(), host=socket.gethostname(),
            versions=dict(python=platform.python_version(),
                          dearli_mm=__version__, **versions()),
            command=command, started=self._begin,
            gpus=environ.get('CUDA_VISIBLE_DEVICES')))
        write_record(job, record)
        # In a session of its own: Ctrl-C is for the benchmark, which stops it.
        with output_path(job).open('ab') as output:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, env=environ, start_new_session=True,
                pass_fds=[held.fileno()])
        held.close()  # the process has it now
        self._peak = _peak_memory_mib(self._process.pid)

    def poll(self) -> bool:
        """Whether it is over; the first time its end is noted."""
        if self._process.returncode is not None:
            return True
        # Not ru_maxrss: it begins with the size of whoever started a process.
        self._peak = _peak_memory_mib(self._process.pid) or self._peak
        code = self._process.poll()
        if code is None:
            return False
        record = read_record(self.job)
        record['attempts'][-1].update(
            exit_code=code, seconds=time.time() - self._begin,
            peak_memory_mib=self._peak)
        write_record(self.job, record)
        return True

    def stop(self) -> None:
        """Ask all its processes to end."""
        self._signal(signal.SIGTERM)

    def wait(self) -> None:
        """Wait until it has ended; end it if it takes too long."""
        limit = time.monotonic() + GRACE
        while not self.poll():
            if time.monotonic() > limit:
                self._signal(signal.SIGKILL)
            time.sleep(0.1)

    def _signal(self, number: int) -> None:
        if not self.poll():
            os.killpg(self._process.pid, number)


def _peak_memory_mib(pid: int) -> Optional[float]:
    """Peak resident memory of a process; None where that is not told."""
    try:
        status = Path(f'/proc/{pid}/status').read_text()
    except OSError:
        return None
    found = re.search(r'^VmHWM:\s*(\d+) kB', status, re.MULTILINE)
    return int(found[1]) / 1024 if found else None


def _commit() -> Optional[str]:
    """The checkout's commit, '+' if files differ; None without git."""
    command = ['git', '-C', str(Path(__file__).parent), 'describe', '--always',
               '--abbrev=10', '--dirty=+', '--exclude=*']  # no tags
    try:
        return subprocess.run(command, capture_output=True, text=True,
                              check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
