"""Make class-agnostic masks of images, as many processes as you like.

Stops and starts at will: a second run does what is left.
"""
import sys

import dearli_mm  # noqa: F401  (before mmdet, for mmcv-lite)
from dearli_mm.masks import (MASK_GENERATORS, find_images,
                                      generate_masks, init_processes)
from dearli_mm.masks.command_line import parse_args


def main() -> int:
    args, options = parse_args(__doc__)
    try:
        init_processes(args.launcher)
        generator = MASK_GENERATORS.get(args.generator)(**options)
        images = find_images(args.images, args.dataset, args.root)
        failed = generate_masks(images, generator, args.out, args.dry_run)
    except (ImportError, KeyError, OSError, ValueError) as error:
        raise SystemExit(f'error: {error}') from None
    return int(failed > 0)


if __name__ == '__main__':
    sys.exit(main())
