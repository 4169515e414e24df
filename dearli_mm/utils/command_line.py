"""How the command line tools end: one line, and what to do next."""
import errno
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

# A folder that is closed to the user, read-only or full.
UNWRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC)
INTERRUPTED = 130  # what shells report of a process that Ctrl-C ended


class NotReadyError(FileNotFoundError):
    """A config lacks something; the message lists all of it."""


@contextmanager
def command_line(
        after_stop: str = 'the same command starts anew') -> Iterator[None]:
    """Errors of users and Ctrl-C become one line in place of a traceback.

    Args:
        after_stop (str): What to do after Ctrl-C, in one clause.

    Raises:
        SystemExit: With ``error: ...`` and exit code 1, or with exit code
            130.
    """
    try:
        yield
    except OSError as error:
        raise SystemExit(f'error: {_os_error(error)}') from None
    except (ImportError, NotImplementedError, ValueError) as error:
        raise SystemExit(f'error: {error}') from None
    except KeyError as error:  # str() of it is a repr
        raise SystemExit(f'error: {error.args[0]}') from None
    except KeyboardInterrupt:
        print(f'stopped; {after_stop}', file=sys.stderr)
        raise SystemExit(INTERRUPTED) from None


def _os_error(error: OSError) -> str:
    if error.errno is None or not error.filename:
        return str(error)
    text = f'{error.filename}: {error.strerror.lower()}'
    if error.errno in UNWRITABLE:
        return (f'{text}; choose another folder to write to, or let this user '
                'in')
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        return (f'{error.filename} is a file where a folder is wanted; choose '
                'another path')
    return text


def ensure_writable(folder: str, flag: str) -> Path:
    """Make a folder to write to, or say that it cannot be, before any work.

    Args:
        folder (str): The folder.
        flag (str): Argument that chose it, for the message.

    Raises:
        OSError: If it cannot be made or written.
    """
    path = Path(folder).expanduser()
    try:
        path.mkdir(parents=True, exist_ok=True)
        if not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise OSError(
            f'{flag}={str(path)!r} cannot be written ({error.strerror}); '
            'choose another folder') from error
    return path
