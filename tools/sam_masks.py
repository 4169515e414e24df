"""Make class-agnostic masks of images, as many processes as you like.

Stops and starts at will: a second run does what is left.
"""
import argparse
import dataclasses
import sys
from importlib import import_module
from typing import Any, Dict, Tuple, get_args

LAUNCHERS = ('none', 'pytorch', 'slurm', 'mpi')


def make_parser() -> argparse.ArgumentParser:
    """The tool's own arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        '--import', dest='modules', nargs='+', default=[], metavar='MODULE',
        help='modules that register other generators')
    parser.add_argument(
        '--generator', default='felzenszwalb', metavar='NAME',
        help='what makes the masks: felzenszwalb (default), sam, sam2, ...; '
        'together with --help, tells its options')
    parser.add_argument(
        'images', help='folder, text file with one path per line, or config')
    parser.add_argument('out', help='folder to write')
    parser.add_argument(
        '--dataset', default='train_dataloader.dataset', metavar='KEY',
        help='of a config: which dataset (default: %(default)s)')
    parser.add_argument(
        '--root', help='names of masks are paths relative to this; by '
        'default the folder of images')
    parser.add_argument(
        '--launcher', default='none', choices=LAUNCHERS,
        help='what started the processes (default: none, there is one)')
    parser.add_argument(
        '--dry-run', action='store_true',
        help='tell how many images are left, and stop')
    # torch.distributed.launch passes it to every process.
    parser.add_argument(
        '--local_rank', '--local-rank', type=int, help=argparse.SUPPRESS)
    return parser


def parse_args(parser: argparse.ArgumentParser
               ) -> Tuple[argparse.Namespace, Dict[str, Any]]:
    """The tool's own arguments, and the given options of the generator."""
    from dearli_mm.masks import MASK_GENERATORS
    first = argparse.ArgumentParser(add_help=False)
    first.add_argument('--import', dest='modules', nargs='+', default=[])
    first.add_argument('--generator', default='felzenszwalb')
    known, _ = first.parse_known_args()
    for module in known.modules:
        import_module(module)
    generator = MASK_GENERATORS.get(known.generator)
    if generator is None:
        parser.error(f'--generator {known.generator} is none of '
                     f'{sorted(MASK_GENERATORS.module_dict)}')
    names = add_options(parser, known.generator, generator)
    args = parser.parse_args()
    args.generator = generator
    options = {name: vars(args).pop(name) for name in names}
    return args, {k: v for k, v in options.items() if v is not None}


def add_options(parser: argparse.ArgumentParser, name: str,
                generator: type) -> list:
    """Add a flag for each field of the generator; returns their names."""
    group = parser.add_argument_group(f'options of {name}')
    fields = dataclasses.fields(generator)
    for field in fields:
        required = field.default is dataclasses.MISSING
        item_types = get_args(field.type)
        # Not argparse's default: what is not given is the generator's.
        default = '' if required else f' (default: {field.default})'
        group.add_argument(
            f'--{field.name.replace("_", "-")}',
            required=required,
            type=item_types[0] if item_types else field.type,
            nargs='+' if item_types else None,
            help=(field.metadata['help'] + default).replace('%', '%%'))
    return [field.name for field in fields]


def main(parser: argparse.ArgumentParser) -> int:
    from dearli_mm.masks import find_images, generate_masks, init_processes
    args, options = parse_args(parser)
    init_processes(args.launcher)
    generator = args.generator(**options)
    images = find_images(args.images, args.dataset, args.root)
    failed = generate_masks(images, generator, args.out, args.dry_run)
    return int(failed > 0)


if __name__ == '__main__':
    tool = make_parser()
    if sys.argv[1:] in (['-h'], ['--help']):
        tool.print_help()
        sys.exit()
    # Only now: this takes seconds, for which --help need not wait.
    from dearli_mm.utils.command_line import command_line
    with command_line('the same command goes on'):
        sys.exit(main(tool))
