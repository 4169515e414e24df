import runpy
from pathlib import Path

import mmdet


def run_mmdet_script(name: str) -> None:
    """Runs one of mmdet's own command line tools in this process.

    Arguments are taken from ``sys.argv``, so every flag that mmdet's users
    know works, also under ``torchrun``.

    Args:
        name (str): File name, for example ``'train.py'``.

    Raises:
        FileNotFoundError: If the installed mmdet does not come with it.
    """
    package = Path(mmdet.__file__).parent
    # In a wheel the tools are in .mim; in a source checkout beside mmdet.
    for folder in (package / '.mim' / 'tools', package.parent / 'tools'):
        if (folder / name).is_file():
            runpy.run_path(str(folder / name), run_name='__main__')
            return
    raise FileNotFoundError(
        f'mmdet in {package} comes without its tools/{name}. Install it as a '
        'wheel (`pip install --force-reinstall --no-deps mmdet==3.3.0`) or '
        'from a source checkout.')
