"""The command ``dearli``: the scripts of tools/ under one name.

::

    dearli train CONFIG --work-dir DIR
    dearli convert ade20k_panoptic data/ADEChallengeData2016

Each does what ``python tools/SCRIPT.py`` does in a checkout, and ``mim train
mmdet``, ``mim test mmdet`` go on to work. A module beside the package, since
importing that takes seconds, for which ``--help`` need not wait.
"""
import importlib.util
import os
import runpy
import sys
import warnings
from pathlib import Path
from typing import Dict, List, Tuple

PACKAGE = Path(importlib.util.find_spec('dearli_mm').origin).resolve().parent
COMMANDS: Dict[str, Tuple[str, str]] = {
    'train': ('train.py', "train a model (mmdet's script)"),
    'test': ('test.py', "evaluate a checkpoint (mmdet's script)"),
    'infer': ('infer.py', 'segment images with a checkpoint'),
    'few-shot': ('few_shot.py', 'photos and a few labels to a network'),
    'masks': ('sam_masks.py', 'class-agnostic masks, for the warm-up'),
    'verify': ('analysis/verify_dataset.py', 'check all data of a config'),
    'preflight': ('check_env.py', 'what a config or this machine lacks'),
    'device': ('analysis/device_check.py', 'is this machine right, and fast'),
    'export': ('export.py', 'a network with fixed classes as an ONNX file'),
    'benchmark': ('benchmark.py', 'methods x labels x seeds, and a report'),
}
QUIET = 'ignore:pkg_resources is deprecated:UserWarning'
GROUPS = {'convert': ('dataset_converters', 'model_converters'),
          'analysis': ('analysis', )}


def main() -> None:
    """Run the script that the first argument names.

    Raises:
        SystemExit: With what there is, if it names none.
    """
    # Of packages below, in each process: setup.py keeps setuptools where it
    # is harmless.
    os.environ.setdefault('PYTHONWARNINGS', QUIET)
    warnings.filterwarnings('ignore', 'pkg_resources is deprecated')
    name, *rest = sys.argv[1:] or ['--help']
    if name in COMMANDS:
        _run(tools_folder() / COMMANDS[name][0], rest)
    elif name in GROUPS:
        scripts = _scripts(name)
        if not rest or rest[0] not in scripts:
            raise SystemExit(f'dearli {name} NAME ...: NAME is one of '
                             f'{", ".join(scripts)}')
        _run(scripts[rest[0]], rest[1:])
    else:
        print(overview())
        raise SystemExit(name not in ('-h', '--help'))


def overview() -> str:
    """What there is."""
    lines = ['usage: dearli COMMAND ...', '']
    lines += [f'  {name:<10}{what}' for name, (_, what) in COMMANDS.items()]
    lines += [f'  {name:<10}{", ".join(_scripts(name))}' for name in GROUPS]
    return '\n'.join([*lines, '', '--help of a command tells its flags.'])


def tools_folder() -> Path:
    """tools/ of the installed package, or of the checkout.

    Raises:
        SystemExit: If there is neither.
    """
    for folder in (PACKAGE / '.mim' / 'tools', PACKAGE.parent / 'tools'):
        if (folder / 'train.py').is_file():
            return folder
    raise SystemExit(f'error: {PACKAGE} has no tools; install the wheel, or '
                     '`pip install -e .` in a checkout')


def _scripts(group: str) -> Dict[str, Path]:
    found: List[Path] = []
    for folder in GROUPS[group]:
        found += (tools_folder() / folder).glob('*.py')
    return {path.stem: path for path in sorted(found)}


def _run(path: Path, arguments: List[str]) -> None:
    sys.argv = [str(path), *arguments]
    # As `python PATH` has it, for what the script imports of its folder.
    sys.path.insert(0, str(path.parent))
    runpy.run_path(str(path), run_name='__main__')
