"""Writes the procedural toy world as a COCO panoptic dataset."""
import argparse
import sys
from pathlib import Path

# Projects are not installed: they are found in the checkout.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('out', help='folder to write')
    parser.add_argument('--train', type=int, default=512, help='train scenes')
    parser.add_argument('--val', type=int, default=64, help='val scenes')
    parser.add_argument(
        '--labeled', type=int, default=16,
        help='train scenes listed in splits/labeled_<n>.txt')
    parser.add_argument('--size', type=int, default=128, help='side in pixels')
    parser.add_argument('--seed', type=int, default=0)
    return parser.parse_args()


def main(args: argparse.Namespace) -> None:
    from projects.toy_world.dataset import write_toy_world  # noqa: E402
    write_toy_world(args.out, train=args.train, val=args.val,
                    labeled=args.labeled, size=args.size, seed=args.seed)


if __name__ == '__main__':
    arguments = parse_args()
    # Only now: this takes seconds, for which --help need not wait.
    from dearli_mm.utils.command_line import command_line
    with command_line():
        main(arguments)
