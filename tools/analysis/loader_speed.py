"""Measures images/s of one loader worker, beside plain PIL/torchvision."""
import argparse
import json
import tempfile

from dearli_mm.diagnostics.loader_speed import (
    measure_loader_speed, speed_table)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='its training pipelines are measured')
    parser.add_argument(
        '--own-data',
        action='store_true',
        help="images of the config's dataset (default: made ones)")
    parser.add_argument('--images', type=int, default=16)
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--out', help='also write JSON, to this file')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    try:
        with tempfile.TemporaryDirectory() as folder:
            result = measure_loader_speed(args.config, folder, args.images,
                                          args.rounds, args.own_data)
    except (OSError, ValueError) as error:
        raise SystemExit(f'error: {error}') from None
    print(speed_table(result))
    if args.out:
        with open(args.out, 'w') as file:
            json.dump(result, file, indent=2)
        print(f'wrote {args.out}')


if __name__ == '__main__':
    main()
