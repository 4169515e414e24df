"""Check the environment and what a config needs; name what mends it."""
import argparse
import importlib.util
import sys
from pathlib import Path


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        'config', nargs='?',
        help='also list all that this config lacks: weights, warm-up, data, '
        'splits, names, disk')
    parser.add_argument(
        '--public-files', action='store_true',
        help='list the weights that others publish, with the commands')
    parser.add_argument(
        '--quiet',
        action='store_true',
        help='print problems only; the exit code is 1 if there are any')
    return parser.parse_args()


def main() -> int:
    args = parse_args()
    # By path: dearli_mm may not be importable, which is worth a report.
    path = Path('diagnostics') / 'check_env.py'
    above = Path(__file__).resolve().parents  # in a wheel tools are in .mim
    path = next(folder / path for folder in (above[1] / 'dearli_mm', above[2])
                if (folder / path).is_file())
    spec = importlib.util.spec_from_file_location('dearli_check_env', path)
    check_env = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(check_env)
    if args.public_files:
        print(check_env.public_files())
        return 0
    return check_env.report(args.config, args.quiet)


if __name__ == '__main__':
    sys.exit(main())
