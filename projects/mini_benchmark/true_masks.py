"""Writes the true segments of a subset as masks: the bound of a warm-up."""
import argparse

import dearli_mm  # noqa: F401  (before mmdet, for mmcv-lite)
from mini_benchmark.true_masks import write_true_masks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('subset', help='folder with panoptic.json')
    parser.add_argument('out', help='folder of masks to write')
    args = parser.parse_args()
    try:
        count = write_true_masks(args.subset, args.out)
    except (FileNotFoundError, ValueError) as error:
        raise SystemExit(f'error: {error}') from None
    print(f'wrote masks of {count} images to {args.out}')


if __name__ == '__main__':
    main()
