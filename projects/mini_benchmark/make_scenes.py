"""Writes the scenes of the mini benchmark as a COCO panoptic dataset."""
import argparse

import dearli_mm  # noqa: F401  (before mmdet, for mmcv-lite)
from mini_benchmark.dataset import write_dataset


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('out', nargs='?', default='data/mini_benchmark')
    parser.add_argument('--train', type=int, default=800, help='train scenes')
    parser.add_argument('--val', type=int, default=150, help='val scenes')
    parser.add_argument('--size', type=int, default=192, help='side in pixels')
    parser.add_argument('--seed', type=int, default=0)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    try:
        counts = write_dataset(args.out, args.train, args.val, args.size,
                               args.seed)
    except (FileNotFoundError, ValueError) as error:
        raise SystemExit(f'error: {error}') from None
    for subset, count in counts.items():
        print(f'{subset}: {count}')


if __name__ == '__main__':
    main()
