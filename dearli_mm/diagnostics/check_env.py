"""Is everything there that dearli_mm needs? The work of tools/check_env.py.

What is checked may be broken or missing, dearli_mm itself included: this
module imports the standard library only and reads its siblings by path.
"""
import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Iterator, NamedTuple, Optional

PACKAGE = Path(__file__).resolve().parents[1]


class Check(NamedTuple):
    """One line of the report.

    ``state`` is ``'ok'``, ``'note'`` (something optional is not there) or
    ``'problem'``; ``remedy`` is the command that mends it.
    """
    state: str
    text: str
    remedy: str = ''

    def __str__(self) -> str:
        line = f'{"[" + self.state + "]":<10}{self.text}'
        return f'{line}\n{"":<10}-> {self.remedy}' if self.remedy else line


def report(config: Optional[str] = None, quiet: bool = False) -> int:
    """Prints the checks, problems only if ``quiet``; those of a config last.

    Args:
        config (str, optional): Config file.
        quiet (bool): Defaults to False.

    Returns:
        int: 1 if something required is missing, else 0.
    """
    problems = 0
    for check in check_environment(config):
        problems += check.state == 'problem'
        if not quiet or check.state == 'problem':
            print(check, flush=True)
    if not quiet:
        print(f'\n{problems} problem(s).' if problems else
              '\nEverything required is there.')
    return int(problems > 0)


def check_environment(config: Optional[str] = None) -> Iterator[Check]:
    """Checks Python, packages, operators, device, and what a config names.

    Args:
        config (str, optional): Config file.

    Yields:
        Check: One finding after the other, required things first.
    """
    stack = _load_by_path('stack')
    text = f'Python {sys.version.split()[0]} (required: {stack.PYTHON})'
    if not stack.python_is_supported():
        yield Check('problem', text, 'python3.12 -m venv .venv')
    elif not stack.python_is_tried():
        yield Check('note', f'{text}; nobody has run the tests on it',
                    'python3.12 -m venv .venv  # if something fails')
    else:
        yield Check('ok', text)
    yield from _check_packages(stack)
    imports = list(_check_imports())
    yield from imports
    yield from _check_operators()
    # What cannot be imported cannot read a config.
    if config is not None and imports and all(
            check.state == 'ok' for check in imports):
        yield from _check_config(config)


def public_files() -> str:
    """A table of the files that others publish."""
    module = _load_by_path('utils/public_files')
    files = (*module.CLIPS.values(), *module.SAMS.values(), *module.PAGES)
    return '\n\n'.join(
        f'{file.name}, for {file.used_by}\n  {file.page}' +
        (f'\n  {file.command()}' if file.url else '') for file in files)


def _check_packages(stack: ModuleType) -> Iterator[Check]:
    lacking = {item.requirement: item for item in stack.unmet()}
    for requirement in stack.requirements():
        if requirement in lacking:
            yield Check('problem', str(lacking[requirement]),
                        f"pip install '{requirement}'")
        else:
            version = stack.installed_version(stack.name_of(requirement))
            yield Check('ok', f'{requirement:<24} found: {version}')


def _check_imports() -> Iterator[Check]:
    remedies = {
        'torch': 'pip install --force-reinstall torch torchvision',
        'cv2': 'apt-get install -y libgl1 libglib2.0-0',
        'dearli_mm': f'pip install -e {PACKAGE.parent}',
    }
    for name, remedy in remedies.items():
        try:
            module = importlib.import_module(name)
        except Exception as error:  # whatever it is, it is what we report
            if importlib.util.find_spec(name) or name == 'dearli_mm':
                yield Check('problem', f'import {name}: '
                            f'{type(error).__name__}: {error}', remedy)
            continue  # what is not installed is reported with the packages
        yield Check('ok', f'{name} {module.__version__} in '
                    f'{Path(module.__file__).parent}')


def _check_operators() -> Iterator[Check]:
    gpu = ''
    try:
        import torch
        if torch.cuda.is_available():
            gpu = f'GPU, {torch.cuda.get_device_name()}'
    except (ImportError, OSError):
        pass  # reported with the imports
    yield Check('ok', f'device: {gpu or "CPU (no GPU that torch can use)"}')
    compat = _load_by_path('compat/__init__')
    try:
        status = compat.installed_status()
    except compat.CompatError:
        return  # no mmcv: reported with the packages
    if status == 'real':
        yield _check_compiled_operators()
        return
    yield Check(
        'ok',
        'mmcv operators: none compiled; deformable attention runs in '
        f'{"Triton" if gpu else "PyTorch"} and any other operator raises an '
        'error that names it')
    if status == 'missing':
        yield Check('note', '`mim test mmdet` needs a placeholder in mmcv',
                    'python -m dearli_mm.compat --install')


def _check_compiled_operators() -> Check:
    try:
        importlib.import_module('torch')  # the operators link to its library
        extension = importlib.import_module('mmcv._ext')
    except ImportError as error:
        return Check(
            'problem', f'mmcv operators: compiled, but not loadable: {error}',
            'pip install --force-reinstall --no-deps --no-cache-dir '
            '--no-build-isolation mmcv==2.1.0  # built for another torch')
    attention = hasattr(extension, 'ms_deform_attn_forward')
    return Check('ok', 'mmcv operators: compiled; deformable attention: '
                 f'{"compiled" if attention else "not among them"}')


def _check_config(path: str) -> Iterator[Check]:
    """All that a config lacks, at the paths that it reads."""
    from mmengine.config import Config

    from dearli_mm.engine.preflight import find_lacks
    if not Path(path).is_file():
        yield Check('problem', f'the config {path} is not there')
        return
    lacks = find_lacks(Config.fromfile(path))
    for lack in lacks:
        yield Check('problem', lack.text, lack.remedy)
    if not lacks:
        yield Check('ok', f'all that {path} names is there')


def _load_by_path(name: str) -> ModuleType:
    path = PACKAGE / f'{name}.py'
    spec = importlib.util.spec_from_file_location(
        f'_dearli_mm_{path.parent.name}_{path.stem}', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
