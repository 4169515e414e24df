"""The package's one way to write a file: completely, or not at all."""
import os
import stat
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Union

PathLike = Union[str, Path]


@contextmanager
def atomic_path(target: PathLike, durable: bool = False) -> Iterator[Path]:
    """A path to write to, which becomes the target when the block is done.

    A reader sees the whole old file or the whole new one. Any number of
    threads, processes and machines may write one target: each has a file of
    its own in the target's folder, and the last to finish wins. If the block
    raises, the target is as it was and nothing is left beside it. Links are
    followed; what is no regular file (``/dev/stdout``) is written directly.

    Args:
        target (str | Path): The file; missing folders are made. Its mode is
            that of a new file, by the umask.
        durable (bool): Whether the content must survive a crash of the
            machine right after (fsync), not only of the process. Defaults to
            False.

    Yields:
        Path: An empty file. Its suffix is ``.tmp``: name the format to
        writers that go by the suffix.

    Raises:
        OSError: If the folder or the file cannot be written.
    """
    target = Path(os.path.realpath(target))
    if target.exists() and not stat.S_ISREG(target.stat().st_mode):
        if target.is_dir():
            raise IsADirectoryError(f'{target} is a folder, not a file')
        yield target
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    # Names have a limit of 255 bytes; 40 characters are 160 at most.
    part = target.with_name(f'.{target.name[:40]}.{uuid.uuid4().hex}.tmp')
    try:
        part.open('xb').close()
        yield part
        if durable:
            _sync(part)
        os.replace(part, target)
        if durable and os.name != 'nt':  # where folders cannot be opened
            _sync(target.parent)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def write_bytes(target: PathLike, content: bytes,
                durable: bool = False) -> None:
    """Write a file; see :func:`atomic_path`."""
    with atomic_path(target, durable) as path:
        path.write_bytes(content)


def write_text(target: PathLike, text: str, durable: bool = False) -> None:
    """Write a UTF-8 file, whatever the locale; see :func:`atomic_path`."""
    write_bytes(target, text.encode('utf-8'), durable)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDWR if path.is_file() else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
