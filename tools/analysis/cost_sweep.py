"""Measures training steps of several sizes, side by side.

  cost_sweep.py classes=20,synonyms=54 classes=1000,synonyms=5000
  cost_sweep.py crop=128 crop=192 crop=256 --common --clip base
  cost_sweep.py --levers          # every lever taken out in turn
"""
import argparse
import json
from pathlib import Path

from dearli_mm.diagnostics.levers import LEVERS
from dearli_mm.diagnostics.sweep import (plot_sweep, sweep, sweep_rows,
                                              sweep_table)

ROOT = Path(__file__).resolve().parents[2]


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'settings',
        nargs='*',
        metavar='NAME=VALUE[,NAME=VALUE...]',
        help='flags of step_cost.py; several values are joined by +')
    parser.add_argument(
        '--levers',
        action='store_true',
        help='the step as it is, and without each of its levers')
    parser.add_argument(
        '--rounds', type=int, default=2, help='processes of each setting')
    parser.add_argument(
        '--out', help='also write OUT.json, OUT.md and OUT.png')
    parser.add_argument(
        '--common',
        nargs=argparse.REMAINDER,
        default=[],
        help='last: flags of step_cost.py for all settings')
    args = parser.parse_args()
    if args.levers:
        args.settings = ['', *(f'without={name}' for name in LEVERS)]
    if not args.settings:
        parser.error('give settings, such as crop=128 crop=256, or --levers')
    return args


def main() -> None:
    args = parse_args()
    try:
        results = sweep(ROOT, args.settings, args.common, args.rounds)
    except (RuntimeError, ValueError) as error:
        raise SystemExit(f'error: {error}') from None
    rows = sweep_rows(results)
    table = sweep_table(rows)
    print(table)
    if args.out:
        out = Path(args.out)
        out.parent.mkdir(parents=True, exist_ok=True)
        out.with_suffix('.json').write_text(json.dumps(results, indent=1))
        out.with_suffix('.md').write_text(table + '\n')
        plot_sweep(rows, out.with_suffix('.png'))
        print(f'wrote {out}.json, .md and .png')


if __name__ == '__main__':
    main()
