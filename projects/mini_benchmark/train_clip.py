"""Trains the CLIP of the mini benchmark on captions of training objects."""
import argparse
from pathlib import Path

import dearli_mm  # noqa: F401  (before mmdet, for mmcv-lite)
from dearli_mm.utils.atomic import write_text
from mini_benchmark.clip_training import train_clip
from mini_benchmark.zero_shot import accuracy_table, measure_zero_shot


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        'out', nargs='?', help='file to write',
        default='data/mini_benchmark/clip/dearli_mini.safetensors')
    parser.add_argument('--steps', type=int, default=600)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--report-only', action='store_true',
                        help='measure the file that is there')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    try:
        if not args.report_only:
            train_clip(args.out, args.steps, args.seed)
        table = accuracy_table(measure_zero_shot(args.out))
    except (FileNotFoundError, ImportError, ValueError) as error:
        raise SystemExit(f'error: {error}') from None
    print(table)
    write_text(Path(args.out).with_suffix('.md'),
               f'Zero-shot accuracy (%)\n\n{table}\n')


if __name__ == '__main__':
    main()
