"""Measures training steps of several sizes, side by side.

  cost_sweep.py classes=20,synonyms=54 classes=1000,synonyms=5000
  cost_sweep.py crop=128 crop=192 crop=256 --common --clip base
"""
import argparse
import json
from pathlib import Path

from dearli_mm.diagnostics.sweep import plot_sweep, sweep, sweep_table
from dearli_mm.utils.atomic import atomic_path, write_text

ROOT = Path(__file__).resolve().parents[2]


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'settings',
        nargs='+',
        metavar='NAME=VALUE[,NAME=VALUE...]',
        help='flags of step_cost.py')
    parser.add_argument(
        '--rounds', type=int, default=2, help='processes per setting')
    parser.add_argument(
        '--out', help='also write OUT.json, OUT.md and OUT.png')
    parser.add_argument(
        '--common',
        nargs=argparse.REMAINDER,
        default=[],
        help='last: flags of step_cost.py for all settings')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    try:
        results = sweep(ROOT, args.settings, args.common, args.rounds)
    except (RuntimeError, ValueError) as error:
        raise SystemExit(f'error: {error}') from None
    table = sweep_table(results)
    text = table.to_markdown(
        floatfmt=['', '.0f', '.2f', *['.0f'] * (len(table.columns) - 2)])
    print(text)
    if args.out:
        write_text(f'{args.out}.json', json.dumps(results, indent=1))
        write_text(f'{args.out}.md', text + '\n')
        with atomic_path(f'{args.out}.png') as path:
            plot_sweep(table, path)
        print(f'wrote {args.out}.json, .md and .png')


if __name__ == '__main__':
    main()
