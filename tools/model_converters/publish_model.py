"""Write one network of a checkpoint for inference: small, and complete."""
import argparse


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('source', help='checkpoint that a training wrote')
    parser.add_argument('target', help='file to write')
    parser.add_argument('--network', choices=('student', 'teacher'),
                        default='student', help='default: student')
    parser.add_argument('--full', action='store_true',
                        help='weights in float32 (default: float16)')
    return parser.parse_args()


def main(args: argparse.Namespace) -> None:
    from dearli_mm.apis.publish import publish_model
    path = publish_model(args.source, args.target, args.network,
                         not args.full)
    print(f'{path}: {path.stat().st_size / 1e6:.1f} MB')


if __name__ == '__main__':
    arguments = parse_args()
    # Only now: this takes seconds, for which --help need not wait.
    from dearli_mm.utils.command_line import command_line
    with command_line():
        main(arguments)
