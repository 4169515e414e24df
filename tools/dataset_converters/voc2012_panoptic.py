"""Converts Pascal VOC 2012 as downloaded to COCO panoptic: 20 things, 1 stuff.

Needs VOCtrainval_11-May-2012.tar, and for the 10 582 images of "trainaug"
the labels of SBD in SegmentationClassAug. Run again, it goes on where it was
stopped. See docs/data.md.
"""
import argparse


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'root', nargs='?', default='data/VOCdevkit/VOC2012',
        help='folder of the archive (default: %(default)s)')
    parser.add_argument('--workers', type=int, default=4, help='processes')
    return parser.parse_args()


def main(args: argparse.Namespace) -> None:
    from dearli_mm.conversion.voc2012 import convert_voc2012
    convert_voc2012(args.root, args.workers)


if __name__ == '__main__':
    arguments = parse_args()
    # Only now: this takes seconds, for which --help need not wait.
    from dearli_mm.utils.command_line import command_line
    with command_line('the same command goes on'):
        main(arguments)
