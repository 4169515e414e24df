"""Is everything there that dearli_mm needs? The work of tools/check_env.py.

What is checked may be broken or missing, dearli_mm itself included: this
module imports the standard library only and reads its siblings by path.
"""
import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Iterator, NamedTuple

PACKAGE = Path(__file__).resolve().parents[1]


class Weights(NamedTuple):
    """Published weights that some configs need."""
    name: str
    paths: tuple  # relative to the weights folder; any one of them will do
    used_by: str
    source: str  # shell command; {dir} is the weights folder


def _clip(name: str, used_by: str) -> Weights:
    files = ('open_clip_model.safetensors', 'open_clip_pytorch_model.bin')
    return Weights(
        name, tuple(f'{name}/{file}' for file in files), used_by,
        f'hf download laion/{name} {files[1]} --local-dir {{dir}}/{name}')


def _sam(size: str, file: str) -> Weights:
    url = f'https://dl.fbaipublicfiles.com/segment_anything/{file}'
    return Weights(f'SAM {size}', (file, ), 'making SAM masks only',
                   f'curl -L --create-dirs -o {{dir}}/{file} {url}')


WEIGHTS = (
    _clip('CLIP-convnext_base_w_320-laion_aesthetic-s13B-b82K-augreg',
          'the clip-convnext-b configs'),
    _clip('CLIP-convnext_large_d_320.laion2B-s29B-b131K-ft-soup',
          'the clip-convnext-l configs'),
    _sam('vit_h', 'sam_vit_h_4b8939.pth'),
    _sam('vit_l', 'sam_vit_l_0b3195.pth'),
    _sam('vit_b', 'sam_vit_b_01ec64.pth'),
)


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


def report(weights_dir: str = 'weights', quiet: bool = False) -> int:
    """Prints the checks, problems only if ``quiet``.

    Returns:
        int: 1 if something required is missing, else 0.
    """
    problems = 0
    for check in check_environment(weights_dir):
        problems += check.state == 'problem'
        if not quiet or check.state == 'problem':
            print(check, flush=True)
    if not quiet:
        print(f'\n{problems} problem(s).' if problems else
              '\nEverything required is there.')
    return int(problems > 0)


def check_environment(weights_dir: str = 'weights') -> Iterator[Check]:
    """Checks Python, packages, operators, device and weights.

    Args:
        weights_dir (str): Folder where CLIP and SAM weights are looked for.

    Yields:
        Check: One finding after the other, required things first.
    """
    stack = _load_by_path('stack')
    text = f'Python {sys.version.split()[0]} (required: {stack.PYTHON})'
    yield Check('ok', text) if stack.python_is_supported() else \
        Check('problem', text, 'python3.11 -m venv .venv')
    yield from _check_packages(stack)
    yield from _check_imports()
    yield from _check_operators()
    yield from _check_weights(Path(weights_dir))


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


def _check_weights(folder: Path) -> Iterator[Check]:
    for weights in WEIGHTS:
        there = [folder / path for path in weights.paths
                 if (folder / path).is_file()]
        yield Check('ok', f'{weights.name}: {there[0]}') if there else Check(
            'note', f'{weights.name}: not in {folder}/ (needed for '
            f'{weights.used_by})', weights.source.format(dir=folder))


def _load_by_path(name: str) -> ModuleType:
    path = PACKAGE / f'{name}.py'
    spec = importlib.util.spec_from_file_location(
        f'_dearli_mm_{path.parent.name}_{path.stem}', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
