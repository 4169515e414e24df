"""Converts Cityscapes as downloaded to COCO panoptic: 8 things, 11 stuff.

Needs leftImg8bit_trainvaltest.zip and gtFine_trainvaltest.zip, unpacked in
one folder. Run again, it goes on where it was stopped. See docs/data.md.
"""
import argparse


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'root', nargs='?', default='data/cityscapes',
        help='folder of the archives (default: %(default)s)')
    parser.add_argument('--workers', type=int, default=4, help='processes')
    return parser.parse_args()


def main(args: argparse.Namespace) -> None:
    from dearli_mm.conversion.cityscapes import convert_cityscapes
    convert_cityscapes(args.root, args.workers)


if __name__ == '__main__':
    arguments = parse_args()
    # Only now: this takes seconds, for which --help need not wait.
    from dearli_mm.utils.command_line import command_line
    with command_line('the same command goes on'):
        main(arguments)
