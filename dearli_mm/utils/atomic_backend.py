import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, List

from mmengine.fileio import LocalBackend, register_backend

from .atomic import PathLike, write_bytes


@register_backend('dearli_mm.atomic')
class AtomicLocalBackend(LocalBackend):
    """Local files that are either complete or not there at all.

    A file is written beside its target and renamed onto it once it is on the
    disk: a full disk or a killed process leaves the previous file as it was.
    In a config: ``backend_args=dict(backend='dearli_mm.atomic')``.
    """

    def __init__(self) -> None:
        self._postponed = None  # paths to remove; None: remove at once

    def put(self, obj: bytes, filepath: PathLike) -> None:
        """Writes bytes, all or nothing.

        Args:
            obj (bytes): What to write.
            filepath (str or Path): Target; missing folders are made.

        Raises:
            OSError: If it cannot be written; the target is as it was.
        """
        target = Path(filepath)
        try:
            write_bytes(target, obj, durable=True)
        except OSError as error:
            raise OSError(
                error.errno, f'{error.strerror or error}; {target} could not '
                f'be written ({len(obj) / 2**20:.0f} MiB) and whatever was '
                'there before is intact. Make room or let this user write '
                f'to {target.parent}, then continue with --resume') from error

    def put_text(self,
                 obj: str,
                 filepath: PathLike,
                 encoding: str = 'utf-8') -> None:
        """Writes text, all or nothing; see :meth:`put`."""
        self.put(obj.encode(encoding), filepath)

    def remove(self, filepath: PathLike) -> None:
        """Removes a file, now or at the end of :meth:`removals_at_end`."""
        if self._postponed is None:
            os.remove(filepath)
        else:
            self._postponed.append(str(filepath))

    def rmtree(self, dir_path: PathLike) -> None:
        """Removes a folder, now or at the end of :meth:`removals_at_end`."""
        if self._postponed is None:
            shutil.rmtree(dir_path)
        else:
            self._postponed.append(str(dir_path))

    @contextmanager
    def removals_at_end(self) -> Iterator[List[str]]:
        """Postpones removals to the end of the ``with`` block.

        They are done if the block succeeds and forgotten if it raises.

        Yields:
            list[str]: The postponed paths; those taken off it stay.
        """
        self._postponed = []
        try:
            yield self._postponed
            paths = self._postponed
        finally:
            self._postponed = None
        for path in paths:
            (self.rmtree if os.path.isdir(path) else self.remove)(path)
