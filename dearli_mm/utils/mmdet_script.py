import runpy
from pathlib import Path

import mmdet

from .command_line import INTERRUPTED, UNWRITABLE


def run_mmdet_script(name: str) -> None:
    """Runs one of mmdet's own command line tools in this process.

    Arguments are taken from ``sys.argv``, so every flag that mmdet's users
    know works, also under ``torchrun``.

    Args:
        name (str): File name, for example ``'train.py'``.

    Raises:
        FileNotFoundError: If the installed mmdet does not come with it.
        SystemExit: With one line in place of a traceback, if a folder cannot
            be written, or after Ctrl-C.
    """
    package = Path(mmdet.__file__).parent
    # In a wheel the tools are in .mim; in a source checkout beside mmdet.
    for folder in (package / '.mim' / 'tools', package.parent / 'tools'):
        if (folder / name).is_file():
            _run(folder / name)
            return
    raise FileNotFoundError(
        f'mmdet in {package} comes without its tools/{name}. Install it as a '
        'wheel (`pip install --force-reinstall --no-deps mmdet==3.3.0`) or '
        'from a source checkout.')


def _run(path: Path) -> None:
    try:
        runpy.run_path(str(path), run_name='__main__')
    except KeyboardInterrupt:
        print('stopped; the same command starts anew')
        raise SystemExit(INTERRUPTED) from None
    except FileNotFoundError as error:  # a config, or what one lacks
        text = str(error) if error.filename is None else \
            f'{error.filename}: no such file'
        raise SystemExit(f'error: {text}') from None
    except OSError as error:
        if error.errno not in UNWRITABLE:
            raise
        raise SystemExit(
            f'error: {error.filename or error}: {error.strerror}; --work-dir '
            'chooses the folder of a run') from None
