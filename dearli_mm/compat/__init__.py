"""Run on mmcv-lite as well as on full mmcv.

mmdet imports ``mmcv.ops``, which needs the compiled module ``mmcv._ext``;
``mmcv-lite`` has none. Nothing that Mask2Former runs on a CPU calls it, so a
placeholder at ``mmcv._ext`` is enough. With full mmcv nothing here acts.

Importing :mod:`dearli_mm` puts the placeholder in place for the running
process. ``mim test mmdet`` imports mmdet's structures before it reads the
config (and so before ``custom_imports``); for it the placeholder is written
into the installed mmcv-lite::

    python -m dearli_mm.compat --install     # --uninstall, --status
"""
import importlib.util
import shutil
import sys
import warnings
from pathlib import Path
from typing import Callable

EXT_NAME = 'mmcv._ext'
PLACEHOLDER_FILE = Path(__file__).with_name('mmcv_ext_placeholder.py')


class CompatError(RuntimeError):
    """The placeholder cannot be installed or removed; says what to do."""


def ops_status() -> str:
    """Tells where ``mmcv._ext`` comes from.

    Returns:
        str: ``'real'`` (compiled, or at any rate not ours), ``'installed'``
        (our placeholder, as a file in mmcv), ``'loaded'`` (our placeholder,
        in this process only) or ``'missing'``.

    Raises:
        CompatError: If there is no mmcv at all.
    """
    _mmcv_dir()  # a missing mmcv is a clear error, not a missing extension
    try:
        spec = importlib.util.find_spec(EXT_NAME)
    except ValueError:  # somebody's own stand-in, a module without a spec
        return 'real'
    if spec is None:
        return 'missing'
    if not _is_ours(Path(spec.origin or '')):
        return 'real'
    in_package = Path(spec.origin) != PLACEHOLDER_FILE
    return 'installed' if in_package else 'loaded'


def ensure_mmcv_ops() -> None:
    """Makes ``mmcv.ops`` importable; does nothing if mmcv has its own ops."""
    status = ops_status()
    if status == 'real':
        return
    if status == 'missing':
        _load_placeholder()
    _route_deformable_attention()


def install() -> str:
    """Writes the placeholder into the installed mmcv-lite.

    Returns:
        str: What was done, for people.

    Raises:
        CompatError: If mmcv is missing or its folder cannot be written.
    """
    target = _mmcv_dir() / '_ext.py'
    if installed_status() == 'real':
        return 'mmcv has its own compiled operators: nothing to install.'
    try:
        shutil.copyfile(PLACEHOLDER_FILE, target)
    except OSError as error:
        raise CompatError(
            f'Cannot write {target}: {error}. Run this as the owner of the '
            'environment, or use tools/test.py instead of `mim test`: it '
            'needs no file in mmcv.') from error
    return f'Placeholder for mmcv._ext written to {target}.'


def uninstall() -> str:
    """Takes the placeholder out of the installed mmcv-lite.

    Returns:
        str: What was done, for people.

    Raises:
        CompatError: If ``mmcv/_ext.py`` is there but not ours.
    """
    target = _mmcv_dir() / '_ext.py'
    if not target.exists():
        return f'No placeholder at {target}: nothing to remove.'
    if not _is_ours(target):
        raise CompatError(
            f'{target} was not written by dearli_mm and is left alone. '
            'Remove it yourself if you know where it comes from.')
    target.unlink()
    return f'Placeholder {target} removed.'


def installed_status() -> str:
    """Like :func:`ops_status`, but of the files, whatever is loaded."""
    loaded = sys.modules.pop(EXT_NAME, None)
    try:
        return ops_status()
    finally:
        if loaded is not None:
            sys.modules[EXT_NAME] = loaded


def _mmcv_dir() -> Path:
    spec = importlib.util.find_spec('mmcv')
    if spec is None or spec.origin is None:
        raise CompatError(
            'mmcv is not installed. Install it without compiled operators, '
            '`pip install mmcv-lite==2.1.0`, or with them, '
            '`pip install --no-build-isolation mmcv==2.1.0`.')
    return Path(spec.origin).parent


def _is_ours(path: Path) -> bool:
    if path.suffix != '.py' or not path.is_file():
        return False
    with path.open(encoding='utf-8', errors='replace') as file:
        return file.readline().startswith('"""dearli_mm placeholder')


def _load_placeholder() -> None:
    spec = importlib.util.spec_from_file_location(EXT_NAME, PLACEHOLDER_FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules[EXT_NAME] = module


def _route_deformable_attention() -> None:
    """Sends deformable attention on a GPU to mmcv's own PyTorch version."""
    from mmcv.ops import multi_scale_deform_attn as attn
    attn.MultiScaleDeformableAttnFunction.apply = staticmethod(
        _pytorch_attention(attn.multi_scale_deformable_attn_pytorch))


def _pytorch_attention(attention: Callable) -> Callable:
    warned = False

    def apply(value, spatial_shapes, level_start_index, sampling_locations,
              attention_weights, im2col_step):
        nonlocal warned
        if not warned:
            warned = True
            warnings.warn(
                'mmcv has no compiled operators: deformable attention runs '
                'in plain PyTorch, which is slower and needs more memory. '
                'Install full mmcv (docs/install.md) for the compiled one.')
        return attention(value, spatial_shapes, sampling_locations,
                         attention_weights)

    return apply
