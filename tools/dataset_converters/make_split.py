"""Draws a split of labelled images, or checks one.

    make_split.py ANN_FILE --out labeled.txt --number 20 --cover-classes
    make_split.py ANN_FILE --out labeled.txt --fraction 1/128 --seed 1
    make_split.py ANN_FILE --check labeled.txt --against val.json

A split file names one image per line; all other images are unlabelled. Public
split files (ADE20K, COCO) are read as they are.
"""
import argparse
from fractions import Fraction


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('ann_file', help='COCO panoptic JSON')
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument('--out', help='split file to write')
    action.add_argument('--check', nargs='+', help='split files to check')
    size = parser.add_mutually_exclusive_group()
    size.add_argument('--number', type=int, help='labelled images')
    size.add_argument('--fraction', type=Fraction, help='1/128 or 0.1')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument(
        '--cover-classes', action='store_true',
        help='draw such that every class is shown')
    parser.add_argument(
        '--exclude', nargs='+', default=[],
        help='split files whose images are not drawn')
    parser.add_argument(
        '--against', nargs='+', default=[],
        help='splits or annotation files that must share no image with it')
    args = parser.parse_args()
    if args.out and args.number is None and args.fraction is None:
        parser.error('--out needs --number or --fraction')
    return args


def main(args: argparse.Namespace) -> None:
    from dearli_mm.conversion.splits import (check_split, make_split,
                                             split_overlaps)
    splits = args.check or [args.out]
    if args.out:
        make_split(args.ann_file, args.out, args.number, args.fraction,
                   args.seed, args.cover_classes, args.exclude)
    reports = [check_split(split, args.ann_file,
                           [*args.against, *args.exclude])
               for split in splits]
    overlaps = split_overlaps(splits, args.ann_file)
    for found, problems in reports:
        print('\n'.join(found + [f'PROBLEM {text}' for text in problems]))
    for line in overlaps:
        print(line)
    if any(problems for _, problems in reports):
        raise SystemExit(1)


if __name__ == '__main__':
    arguments = parse_args()
    # Only now: this takes seconds, for which --help need not wait.
    from dearli_mm.utils.command_line import command_line
    with command_line():
        main(arguments)
