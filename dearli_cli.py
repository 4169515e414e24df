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
from difflib import get_close_matches
from fnmatch import fnmatch
from importlib.metadata import version
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
SCOPE = 'dearli_mm::'
ASK_FOR_HELP = ('-h', '--help')
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
    try:
        if name in COMMANDS:
            _run(tools_folder() / COMMANDS[name][0], rest)
        elif name in GROUPS:
            _run_one_of(name, rest)
        elif name == 'configs':
            names = config_names(*rest[:1])
            print('\n'.join(SCOPE + name for name in names))
            if not names:
                raise SystemExit(f'error: no config has {rest[0]!r} in its '
                                 'name; `dearli configs` lists all')
        elif name == '--version':
            print(f'dearli_mm {version("dearli_mm")}')
        elif name in ASK_FOR_HELP:
            print(overview())
        else:
            near = get_close_matches(name, [*COMMANDS, *GROUPS, 'configs'], 1)
            raise SystemExit(f'{overview()}\n\nerror: no command {name!r}' + (
                f'; did you mean {near[0]!r}?' if near else ''))
        sys.stdout.flush()
    except BrokenPipeError:  # of `dearli ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None


def overview() -> str:
    """What there is."""
    lines = ['usage: dearli COMMAND ...', '']
    lines += [f'  {name:<10}{what}' for name, (_, what) in COMMANDS.items()]
    lines += [f'  {name:<10}{", ".join(_scripts(name))}' for name in GROUPS]
    lines += ['  configs   [PATTERN]: configs that come along, by the names '
              'that all commands take']
    return '\n'.join([
        *lines, '', '--help of a command tells its flags. Where a message '
        'names docs/ or tools/, these', 'are of the repository: '
        'tools/sam_masks.py is `dearli masks`, and so on.'])


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


def config_names(pattern: str = '*') -> List[str]:
    """Configs of the package, within ``configs/``.

    Args:
        pattern (str): Part of the name, with or without wildcards. Default:
            all.
    """
    folder = tools_folder().parent / 'configs'
    names = sorted(path.relative_to(folder).as_posix()
                   for path in folder.rglob('*.py'))
    return [name for name in names
            if '_base_' not in name and fnmatch(name, f'*{pattern}*')]


def _run_one_of(group: str, arguments: List[str]) -> None:
    scripts = _scripts(group)
    name = arguments[0] if arguments else ''
    usage = f'dearli {group} NAME ...: NAME is one of {", ".join(scripts)}'
    if name in scripts:
        _run(scripts[name], arguments[1:])
    elif name in ASK_FOR_HELP:
        print(usage)
    else:
        near = get_close_matches(name, scripts, 1, 0.4)
        raise SystemExit(f'{usage}; not {name!r}' + (
            f', did you mean {near[0]!r}?' if near else ''))


def _scripts(group: str) -> Dict[str, Path]:
    found: List[Path] = []
    for folder in GROUPS[group]:
        found += (tools_folder() / folder).glob('*.py')
    return {path.stem: path for path in sorted(found)}


def _run(path: Path, arguments: List[str]) -> None:
    sys.argv = [str(path), *map(_config_path, arguments)]
    # As `python PATH` has it, for what the script imports of its folder; and
    # last, so that it hides nothing, where the user's own modules are.
    sys.path.insert(0, str(path.parent))
    sys.path.append(os.getcwd())
    runpy.run_path(str(path), run_name='__main__')


def _config_path(argument: str) -> str:
    """The file that ``dearli_mm::CONFIG`` stands for."""
    if not argument.startswith(SCOPE):
        return argument
    name = argument[len(SCOPE):]
    path = tools_folder().parent / 'configs' / name
    if not path.is_file():
        near = get_close_matches(name, config_names(), 3, 0.4)
        raise SystemExit(f'error: {argument}: there is no such config; '
                         f'`dearli configs` lists them, for instance {near}')
    return str(path)


if __name__ == '__main__':
    main()
