"""Chooses which images of a pool to label: those that stand for the others.

    choose_to_label.py PHOTOS/ --num 20 --out chosen.txt --clip WEIGHTS

Writes a list, which is a split file, and a contact sheet beside it. Stops and
starts at will: what CLIP saw is kept.
"""
import argparse
from importlib import import_module


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'pool', help='folder of images, or text file with one path per line')
    parser.add_argument('--out', required=True, help='list file to write')
    parser.add_argument(
        '--num', type=int, default=20,
        help='images to choose (default: %(default)s)')
    parser.add_argument(
        '--already', nargs='+', default=[], metavar='LIST',
        help='images that are labelled: they come first in the list, and what '
        'is like them is not chosen')
    parser.add_argument(
        '--clip', required=True, metavar='WEIGHTS',
        help='weights file of the CLIP')
    parser.add_argument(
        '--clip-model', default='convnext_base_w_320', metavar='NAME',
        help="open_clip's name of it (default: %(default)s)")
    parser.add_argument(
        '--import', dest='modules', nargs='+', default=[], metavar='MODULE',
        help='modules that make other CLIPs known')
    parser.add_argument(
        '--size', type=int, help='side in pixels that images are resized to '
        "(default: the model's)")
    parser.add_argument(
        '--method', choices=('coverage', 'k-centre'), default='coverage',
        help='coverage: what most others are like; k-centre: what is least '
        'like the chosen ones, outliers first (default: %(default)s)')
    parser.add_argument(
        '--features', default='', metavar='FILE',
        help='keeps what CLIP saw (default: clip_features.npz beside --out)')
    parser.add_argument('--batch-size', type=int, default=16)
    parser.add_argument(
        '--workers', type=int, default=2, help='processes that read images')
    parser.add_argument('--device', help='default: a GPU if there is one')
    return parser.parse_args()


def main(args: argparse.Namespace) -> None:
    from dearli_mm.few_shot.choose_to_label import Tower, choose_to_label
    for module in args.modules:
        import_module(module)
    choice = choose_to_label(
        args.pool, args.out, args.num,
        Tower(args.clip_model, args.clip, args.size, args.device),
        args.already, args.method, args.features, args.batch_size,
        args.workers)
    for name, text in choice.broken.items():
        print(f'skipped {name}: {text}')
    print('\n'.join(choice.new))
    print(f'{len(choice.new)} images to label, {len(choice.kept)} labelled '
          f'before; the mean similarity of an image to the nearest of them is '
          f'{choice.similarity:.3f}. List: {args.out}; its pictures are '
          'beside it (.png)')


if __name__ == '__main__':
    arguments = parse_args()
    # Only now: this takes seconds, for which --help need not wait.
    from dearli_mm.utils.command_line import command_line
    with command_line('the same command goes on'):
        main(arguments)
