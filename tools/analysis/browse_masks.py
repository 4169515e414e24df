"""Look at masks of tools/sam_masks.py: overlays and statistics."""
import argparse


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('masks', help='folder that tools/sam_masks.py wrote')
    parser.add_argument('out', help='folder for overlays and table')
    parser.add_argument(
        '--images', help='folder of the images; without it, no overlays')
    parser.add_argument(
        '--overlays', type=int, default=16, help='images to draw')
    parser.add_argument(
        '--max-images', type=int,
        help='images that count in the statistics (default: all)')
    parser.add_argument('--seed', type=int, default=0)
    return parser.parse_args()


def main(args: argparse.Namespace) -> None:
    from dearli_mm.masks.browse import browse_masks
    print(browse_masks(args.masks, args.images, args.out, args.overlays,
                       args.max_images, args.seed))
    print(f'overlays and table are in {args.out}')


if __name__ == '__main__':
    arguments = parse_args()
    # Only now: this takes seconds, for which --help need not wait.
    from dearli_mm.utils.command_line import command_line
    with command_line():
        main(arguments)
