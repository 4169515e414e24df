"""Counts the classes in the labelled part of a config."""
import argparse

from dearli_mm.diagnostics.stats import (dataset_stats, draw_stats,
                                                   stats_table)
from dearli_mm.utils.command_line import command_line


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config')
    parser.add_argument('--out', help='also draw bars, to this picture')
    return parser.parse_args()


@command_line()
def main() -> None:
    args = parse_args()
    stats = dataset_stats(args.config)
    print(stats_table(stats))
    if args.out:
        draw_stats(stats, args.out)
        print(f'wrote {args.out}')


if __name__ == '__main__':
    main()
