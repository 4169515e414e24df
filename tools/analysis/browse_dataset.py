"""Draws what the training step of a config will see."""
import argparse


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config')
    parser.add_argument(
        '--out', default='work_dirs/browse',
        help='folder for the pictures (default: %(default)s)')
    parser.add_argument('--number', type=int, default=4, help='pictures')
    parser.add_argument('--seed', type=int, default=0)
    return parser.parse_args()


def main(args: argparse.Namespace) -> None:
    from dearli_mm.diagnostics.browse import browse_dataset
    paths = browse_dataset(args.config, args.out, args.number, args.seed)
    print(f'wrote {len(paths)} pictures; {paths[-1]} shows all')


if __name__ == '__main__':
    arguments = parse_args()
    # Only now: this takes seconds, for which --help need not wait.
    from dearli_mm.utils.command_line import command_line
    with command_line():
        main(arguments)
