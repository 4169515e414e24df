"""Write one network of a checkpoint for inference: small, and complete."""
import argparse

from dearli_mm.apis.publish import publish_model
from dearli_mm.utils.command_line import command_line


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('source', help='checkpoint that a training wrote')
    parser.add_argument('target', help='file to write')
    parser.add_argument('--network', choices=('student', 'teacher'),
                        default='student', help='default: student')
    parser.add_argument('--full', action='store_true',
                        help='weights in float32 (default: float16)')
    return parser.parse_args()


@command_line()
def main() -> None:
    args = parse_args()
    path = publish_model(args.source, args.target, args.network,
                         not args.full)
    print(f'{path}: {path.stat().st_size / 1e6:.1f} MB')


if __name__ == '__main__':
    main()
