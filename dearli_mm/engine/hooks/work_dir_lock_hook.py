"""One training run per work dir."""
import os
import socket
import time
from pathlib import Path
from typing import Optional, TextIO

from mmdet.registry import HOOKS
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


@HOOKS.register_module()
class WorkDirLockHook(Hook):
    """Refuses to train where another run is training.

    Two runs in one work dir would remove and resume each other's checkpoints.
    The lock is the operating system's, on the file ``.lock`` of the work dir,
    and ends with the process, however it ends; on storage without locks it is
    left out, and the log says so.

    Raises:
        RuntimeError: Before training, if another run holds it; names its
            process, machine and start.
    """
    priority = 'VERY_HIGH'

    def __init__(self) -> None:
        self._file: Optional[TextIO] = None

    def before_train(self, runner: Runner) -> None:
        """Take the lock."""
        if fcntl is None or not is_main_process():
            return
        path = Path(runner.work_dir) / '.lock'
        self._file = path.open('a+', encoding='utf-8')
        try:
            # Of the process: its workers do not hold it on.
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            self._file.seek(0)
            owner = self._file.read().strip() or 'another run'
            raise RuntimeError(
                f'work_dir={runner.work_dir!r} is in use by {owner}. Two runs '
                'would mix their checkpoints: give this one another '
                '--work-dir, or stop the other') from None
        except OSError as error:
            runner.logger.warning(
                f'{path} cannot be locked ({error.strerror}): make sure that '
                'no other run trains in this work_dir')
            return
        self._file.truncate(0)
        self._file.write(f'process {os.getpid()} on {socket.gethostname()}, '
                         f'since {time.strftime("%Y-%m-%d %H:%M:%S")}\n')
        self._file.flush()

    def after_run(self, runner: Runner) -> None:
        """Give the lock back."""
        if self._file is not None:
            self._file.close()
            self._file = None
