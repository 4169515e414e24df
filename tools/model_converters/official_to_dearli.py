"""Turn a checkpoint of the reference implementation into this package's."""
import argparse
from collections import Counter

from dearli_mm.apis.official_checkpoint import convert_checkpoint


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('source', help='.pth file of student or teacher')
    parser.add_argument('target', help='file to write')
    parser.add_argument(
        '--decoder-only',
        action='store_true',
        help='leave out the backbone: weights of a warm-up')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    try:
        mapped, left_out = convert_checkpoint(args.source, args.target,
                                              args.decoder_only)
    except (FileNotFoundError, ValueError) as error:
        raise SystemExit(f'error: {error}') from error
    print(f'{mapped} parameters mapped to {args.target}')
    groups = Counter('.'.join(key.split('.')[:3]) for key in left_out)
    for group, count in groups.items():
        print(f'left out: {count:4d} of {group}')
    print("'load_from' and tools/test.py name what a model then misses")


if __name__ == '__main__':
    main()
