"""Converts semantic label PNG files to COCO panoptic.

Classes become stuff; of those named with --things, connected components
become instances. Writes OUT/panoptic.json and OUT/panoptic/*.png; images stay
where they are. The data are two folders (--images, --labels, --classes) or
what an mmseg config loads (--mmseg-config).
"""
import argparse


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('out', help='folder to write')
    parser.add_argument('--images', help='folder of images')
    parser.add_argument('--labels', help='folder of label files, same stems')
    parser.add_argument(
        '--classes', nargs='+', help='names of the values 0, 1, 2, ...')
    parser.add_argument(
        '--suffix', default='.png', help="label file's end in place of the "
        "image's suffix (default: %(default)s)")
    parser.add_argument(
        '--partial', action='store_true',
        help='leave out images without a label file: the unlabelled ones')
    parser.add_argument(
        '--ignore', nargs='+', type=int, default=[255],
        help='values without a class (default: 255)')
    parser.add_argument('--mmseg-config', help='instead of two folders')
    parser.add_argument(
        '--loader', default='train_dataloader',
        help='which loader of the mmseg config (default: %(default)s)')
    parser.add_argument(
        '--things', nargs='+', default=[], help='classes with instances')
    parser.add_argument(
        '--min-area', type=int, default=1,
        help='smaller components of things are void (pixels)')
    parser.add_argument('--workers', type=int, default=4, help='processes')
    args = parser.parse_args()
    folders = args.images and args.labels and args.classes
    if bool(args.mmseg_config) == bool(folders):
        parser.error('give either --images, --labels and --classes, or '
                     '--mmseg-config')
    return args


def main(args: argparse.Namespace) -> None:
    from dearli_mm.conversion.semantic import (convert_semantic, find_folder,
                                               find_mmseg)
    if args.mmseg_config:
        data = find_mmseg(args.mmseg_config, args.loader)
    else:
        data = find_folder(args.images, args.labels, args.classes,
                           args.ignore, args.suffix, args.partial)
    convert_semantic(data, args.out, args.things, args.min_area,
                     args.workers)


if __name__ == '__main__':
    arguments = parse_args()
    # Only now: this takes seconds, for which --help need not wait.
    from dearli_mm.utils.command_line import command_line
    with command_line('the same command goes on'):
        main(arguments)
