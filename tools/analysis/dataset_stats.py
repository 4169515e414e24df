"""Counts the classes in the labelled part of a config."""
import argparse

from dearli_mm.diagnostics.stats import (dataset_stats, draw_stats,
                                                   stats_table)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config')
    parser.add_argument('--out', help='also draw bars, to this picture')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    try:
        stats = dataset_stats(args.config)
    except (OSError, ValueError) as error:
        raise SystemExit(f'error: {error}') from None
    print(stats_table(stats))
    if args.out:
        draw_stats(stats, args.out)
        print(f'wrote {args.out}')


if __name__ == '__main__':
    main()
