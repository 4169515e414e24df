"""Converts a folder of labelme's JSON files to COCO panoptic.

Writes OUT/panoptic.json and OUT/panoptic/*.png; images stay where they are.
Annotate more and run again: only new and changed files are converted.
"""
import argparse


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('folder', help='labelme files, with their images')
    parser.add_argument('out', help='folder to write')
    parser.add_argument(
        '--things', nargs='+', default=[], help='labels of countable objects')
    parser.add_argument(
        '--stuff', nargs='+', default=[], help='labels of the rest')
    parser.add_argument(
        '--ignore', nargs='+', default=[], help='labels of void areas')
    parser.add_argument(
        '--images', default='', help='folder that image names are relative '
        'to (default: that of the files)')
    parser.add_argument(
        '--skip-bad', action='store_true',
        help='leave out shapes that cannot be drawn, and files whose image is '
        'missing')
    parser.add_argument('--workers', type=int, default=4, help='processes')
    return parser.parse_args()


def main(args: argparse.Namespace) -> None:
    from dearli_mm.conversion.labelme import LabelmeClasses, convert_labelme
    classes = LabelmeClasses(
        tuple(args.things), tuple(args.stuff), tuple(args.ignore))
    convert_labelme(args.folder, args.out, classes, args.images,
                    args.workers, args.skip_bad)


if __name__ == '__main__':
    arguments = parse_args()
    # Only now: this takes seconds, for which --help need not wait.
    from dearli_mm.utils.command_line import command_line
    with command_line('the same command goes on'):
        main(arguments)
