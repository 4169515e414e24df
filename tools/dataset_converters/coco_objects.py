"""Converts COCO panoptic to COCO-Objects: 80 things and one background.

Needs panoptic_annotations_trainval2017.zip, its two inner archives unpacked
too. Run again, it goes on where it was stopped. See docs/data.md.
"""
import argparse

from dearli_mm.conversion.coco_objects import convert_coco_objects
from dearli_mm.utils.command_line import command_line


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'root', nargs='?', default='data/coco',
        help='folder with annotations/ (default: %(default)s)')
    parser.add_argument('--workers', type=int, default=4, help='processes')
    return parser.parse_args()


@command_line('the same command goes on')
def main() -> None:
    args = parse_args()
    convert_coco_objects(args.root, args.workers)


if __name__ == '__main__':
    main()
