"""Counts the classes in the labelled part of a config."""
import argparse


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config')
    parser.add_argument('--out', help='also draw bars, to this picture')
    return parser.parse_args()


def main(args: argparse.Namespace) -> None:
    from dearli_mm.diagnostics.stats import (dataset_stats, draw_stats,
                                             stats_table)
    stats = dataset_stats(args.config)
    print(stats_table(stats))
    if args.out:
        draw_stats(stats, args.out)
        print(f'wrote {args.out}')


if __name__ == '__main__':
    arguments = parse_args()
    # Only now: this takes seconds, for which --help need not wait.
    from dearli_mm.utils.command_line import command_line
    with command_line():
        main(arguments)
