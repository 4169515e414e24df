"""Turn a checkpoint of the reference implementation into this package's."""
import argparse


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        'source', help='.pth file of student, teacher, both, or a warm-up')
    parser.add_argument('target', help='file to write')
    parser.add_argument(
        '--teacher',
        help='.pth file of the teacher, to be put beside the student of the '
        'first; without, one network serves as both')
    parser.add_argument(
        '--decoder-only',
        action='store_true',
        help='leave out the image tower: weights of a warm-up')
    parser.add_argument(
        '--config',
        help='a config whose network it is for: names and shapes are compared')
    return parser.parse_args()


def main(args: argparse.Namespace) -> None:
    from dearli_mm.conversion.official_checkpoint import convert_checkpoint
    table = convert_checkpoint(args.source, args.target,
                               args.decoder_only, args.teacher,
                               args.config)
    print(table)
    print(f'written to {args.target}')


if __name__ == '__main__':
    arguments = parse_args()
    # Only now: this takes seconds, for which --help need not wait.
    from dearli_mm.utils.command_line import command_line
    with command_line():
        main(arguments)
