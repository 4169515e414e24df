"""Converts ADE20K as downloaded to COCO panoptic as mmdet reads it.

Needs ADEChallengeData2016.zip (images, annotations, objectInfo150.txt) and
annotations_instance.tar, unpacked in one folder. Run again, it goes on where
it was stopped. See docs/data.md.
"""
import argparse


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'root', nargs='?', default='data/ADEChallengeData2016',
        help='folder of the archives (default: %(default)s)')
    parser.add_argument('--workers', type=int, default=4, help='processes')
    return parser.parse_args()


def main(args: argparse.Namespace) -> None:
    from dearli_mm.conversion.ade20k import convert_ade20k
    convert_ade20k(args.root, args.workers)


if __name__ == '__main__':
    arguments = parse_args()
    # Only now: this takes seconds, for which --help need not wait.
    from dearli_mm.utils.command_line import command_line
    with command_line('the same command goes on'):
        main(arguments)
