"""Flags of tools/sam_masks.py: its own and those of the generator."""
import argparse
import dataclasses
from importlib import import_module
from typing import Any, Dict, List, Optional, Tuple, get_args

from .processes import LAUNCHERS
from .registry import MASK_GENERATORS


def parse_args(description: str,
               argv: Optional[List[str]] = None
               ) -> Tuple[argparse.Namespace, Dict[str, Any]]:
    """Parse the command line.

    Args:
        description (str): For ``--help``.
        argv (list[str], optional): Defaults to that of the process.

    Returns:
        tuple[Namespace, dict]: The tool's own arguments and the options of
        the generator that were given.
    """
    first = argparse.ArgumentParser(add_help=False)
    first.add_argument('--generator', default='felzenszwalb')
    first.add_argument('--import', dest='modules', nargs='+', default=[])
    known, _ = first.parse_known_args(argv)
    for module in known.modules:
        import_module(module)

    parser = argparse.ArgumentParser(description=description)
    _add_own(parser)
    generator = MASK_GENERATORS.get(known.generator)
    names = []
    if generator is not None:
        names = _add_options(parser, known.generator, generator)
    args = parser.parse_args(argv)
    options = {
        name: value
        for name in names if (value := vars(args).pop(name)) is not None
    }
    return args, options


def _add_own(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        'images', help='folder, text file with one path a line, or config')
    parser.add_argument('out', help='folder to write')
    parser.add_argument(
        '--generator', default='felzenszwalb',
        choices=sorted(MASK_GENERATORS.module_dict),
        help='what makes the masks (default: felzenszwalb); together with '
        '--help, tells its options')
    parser.add_argument(
        '--import', dest='modules', nargs='+', default=[], metavar='MODULE',
        help='modules that register other generators')
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


def _add_options(parser: argparse.ArgumentParser, name: str,
                 generator: type) -> List[str]:
    """Add a flag for each field of the generator; returns their names."""
    group = parser.add_argument_group(f'options of {name}')
    fields = dataclasses.fields(generator)
    for field in fields:
        required = field.default is dataclasses.MISSING
        item_types = get_args(field.type)
        text = field.metadata['help']
        if not required:
            # Not argparse's default: what is not given is the generator's.
            text += f' (default: {field.default})'
        group.add_argument(
            f'--{field.name.replace("_", "-")}',
            required=required,
            type=item_types[0] if item_types else field.type,
            nargs='+' if item_types else None,
            help=text.replace('%', '%%'))
    return [field.name for field in fields]
