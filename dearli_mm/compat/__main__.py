"""``python -m dearli_mm.compat --install | --uninstall | --status``."""
import argparse
import sys
from typing import List, Optional

from . import CompatError, install, installed_status, uninstall

STATUS = {
    'real': 'mmcv has its own compiled operators; no placeholder acts.',
    'installed': 'The placeholder for mmcv._ext is installed in mmcv.',
    'missing': 'mmcv has no compiled operators and no placeholder is '
               'installed. `import dearli_mm` needs none; `mim test mmdet` '
               'does: `python -m dearli_mm.compat --install`.',
}


def status() -> str:
    """Tells what is installed, for people."""
    return STATUS[installed_status()]


def main(args: Optional[List[str]] = None) -> int:
    """Runs the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog='python -m dearli_mm.compat',
        description='The placeholder for mmcv._ext in the installed mmcv.')
    group = parser.add_mutually_exclusive_group(required=True)
    for flag, action, text in (('--install', install, 'write it'),
                               ('--uninstall', uninstall, 'take it out'),
                               ('--status', status, 'tell what is there')):
        group.add_argument(
            flag, dest='action', action='store_const', const=action, help=text)
    try:
        print(parser.parse_args(args).action())
    except CompatError as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
