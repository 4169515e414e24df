"""Brings a file of prompts into the order of a config's classes, by name.

    match_prompts.py coco_prompts.txt CONFIG               shows what fits what
    match_prompts.py coco_prompts.txt CONFIG --out mine.txt

The file has one line `index:synonym,synonym` per class, in any order; what has
no line, or several, is listed. A config takes it as it is, too:
`text_classifier=dict(classes=dict(classes=NAMES, prompts=FILE))`.
"""
import argparse


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('prompts', help='text file')
    parser.add_argument('config', help='config whose dataset names classes')
    parser.add_argument('--out', help='text file to write, in that order')
    return parser.parse_args()


def classes_of(path: str) -> list:
    """Names of the classes of a config's datasets, in the model's order."""
    from dearli_mm.datasets.config_datasets import find_parts, read_config
    for part in find_parts(read_config(path)):
        if part.annotated is not None:
            return list(part.annotated.metainfo.get('classes', ()))
    raise ValueError('the config has no panoptic dataset with classes')


def main(args: argparse.Namespace) -> None:
    from dearli_mm.conversion.splits import write_new
    from dearli_mm.models.clip.class_prompts import (match_prompts,
                                                     parse_classes)
    names = classes_of(args.config)
    lines = match_prompts(parse_classes(args.prompts), names, args.prompts)
    text = ''.join(f'{index}:{",".join(line)}\n'
                   for index, line in enumerate(lines))
    if args.out:
        write_new(args.out, text, 'prompts')
        print(f'{args.out}: {len(lines)} classes')
        return
    for name, line in zip(names, lines):
        print(f'{name}: {", ".join(line)}')


if __name__ == '__main__':
    arguments = parse_args()
    # Only now: this takes seconds, for which --help need not wait.
    from dearli_mm.utils.command_line import command_line
    with command_line():
        main(arguments)
