"""Draws what the training step of a config will see."""
import argparse

from dearli_mm.diagnostics.browse import browse_dataset


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config')
    parser.add_argument(
        '--out', default='work_dirs/browse',
        help='folder for the pictures (default: %(default)s)')
    parser.add_argument('--number', type=int, default=4, help='pictures')
    parser.add_argument('--seed', type=int, default=0)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    try:
        paths = browse_dataset(args.config, args.out, args.number, args.seed)
    except (OSError, ValueError) as error:
        raise SystemExit(f'error: {error}') from None
    print(f'wrote {len(paths)} pictures; {paths[-1]} shows all')


if __name__ == '__main__':
    main()
