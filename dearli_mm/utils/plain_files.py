"""Files of PyTorch as plain data, with errors that tell what to do."""
import pickle
import zipfile
from pathlib import Path
from typing import Any, Union

import torch
from safetensors import SafetensorError, safe_open

# How files of torch.save begin: a ZIP archive, or before 1.6 a pickle.
_ZIP, _PICKLE = b'PK', b'\x80'


def load_plain(path: Union[str, Path],
               key: str = '',
               map_location: Any = 'cpu') -> Any:
    """``torch.load`` of tensors and other plain data.

    Args:
        path (str | Path): File.
        key (str): Config key or flag that named it, for messages.
        map_location (Any): Of ``torch.load``. Defaults to 'cpu'.

    Raises:
        FileNotFoundError: If it is not there.
        ValueError: If it is incomplete, of something else, or holds more than
            plain data.
    """
    file = Path(path).expanduser()
    what = f'{key}={str(path)!r}' if key else str(path)
    if not file.is_file():
        raise FileNotFoundError(f'{what}: no such file')
    try:
        return torch.load(file, map_location=map_location, weights_only=True)
    except Exception as error:  # PyTorch's are of many types
        raise ValueError(f'{what}: {_reason(file, error)}') from error


def is_whole(path: Union[str, Path]) -> bool:
    """Whether a file of weights is complete, as its two ends tell at once.

    Args:
        path (str | Path): Of PyTorch, or ``.safetensors``.
    """
    file = Path(path).expanduser()
    if file.suffix == '.safetensors':
        try:
            with safe_open(file, 'pt'):
                return True
        except SafetensorError:
            return False
    with file.open('rb') as stream:
        start = stream.read(2)
    return zipfile.is_zipfile(file) if start == _ZIP else \
        start[:1] == _PICKLE


def _reason(file: Path, error: Exception) -> str:
    size = f'{file.stat().st_size:,} bytes'
    with file.open('rb') as stream:
        start = stream.read(2)
    if start == _ZIP and not zipfile.is_zipfile(file):
        return f'incomplete, only {size} are there; copy it again'
    if isinstance(error, pickle.UnpicklingError) and (
            start == _ZIP or start[:1] == _PICKLE):
        return (f'it holds more than plain data ({_first_line(error)}). Write '
                'checkpoints with PlainCheckpointHook in default_hooks; what '
                'comes from a source that you trust can be loaded elsewhere, '
                'to save only its tensors')
    return f'incomplete, or no PyTorch file ({size}); copy it again'


def _first_line(error: Exception) -> str:
    """What was refused, without PyTorch's advice."""
    lines = str(error).splitlines() or ['']
    named = [line.strip() for line in lines if 'GLOBAL' in line]
    return (named or lines)[0][:200]
