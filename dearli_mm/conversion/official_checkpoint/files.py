"""Files of the reference implementation to files of this package."""
from pathlib import Path
from typing import Dict, Optional

import torch
from torch import Tensor

from ...utils.atomic import atomic_path
from .report import missing_parameters, report
from .state import State, convert_networks, split_networks


def read_official_checkpoint(path: str) -> State:
    """Read a file of the reference implementation, plain data only.

    Args:
        path (str): A ``.pth`` file: a state dict, or a dict with ``model``.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it holds more than plain data, or no tensors.
    """
    file = Path(path).expanduser()
    if not file.is_file():
        raise FileNotFoundError(f'{file}: no such file')
    try:
        checkpoint = torch.load(file, map_location='cpu', weights_only=True)
    except Exception as error:
        raise ValueError(
            f'{file} cannot be read as plain data: {error}. If you trust its '
            "source, load it elsewhere and save only its 'model' tensors"
        ) from error
    state = checkpoint
    if isinstance(checkpoint, dict):
        state = checkpoint.get('model', checkpoint)
    tensors = {k: v for k, v in state.items() if isinstance(v, Tensor)} \
        if isinstance(state, dict) else {}
    if not tensors:
        held = list(checkpoint)[:5] if isinstance(checkpoint, dict) else type(
            checkpoint).__name__
        raise ValueError(f'{file} holds no tensors by name, but {held}')
    return tensors


def convert_checkpoint(source: str,
                       target: str,
                       decoder_only: bool = False,
                       teacher: Optional[str] = None,
                       config: Optional[str] = None) -> str:
    """Convert a file, or those of student and teacher.

    Args:
        source (str): File of the reference implementation: one network, or
            student and teacher.
        target (str): File to write; loads with ``weights_only=True``.
        decoder_only (bool): See :func:`convert_state_dict`.
        teacher (str, optional): File of the teacher, where ``source`` is of
            the student alone.
        config (str, optional): Config of the network to be compared with.

    Returns:
        str: Table of what was mapped, left out, and missing.

    Raises:
        FileNotFoundError: If a file is not there.
        ValueError: If it cannot be converted, or does not fit the config.
    """
    networks = split_networks(read_official_checkpoint(source))
    if teacher is not None:
        networks = _join(networks, split_networks(
            read_official_checkpoint(teacher)), source, teacher)
    conversion = convert_networks(networks, decoder_only)
    missing = None if config is None else missing_parameters(
        conversion.state_dict, config)
    with atomic_path(target) as path:
        torch.save(
            dict(
                state_dict=conversion.state_dict,
                meta=dict(converted_from=Path(source).name)), path)
    return report(conversion, missing)


def _join(student: Dict[str, State], teacher: Dict[str, State], source: str,
          teacher_source: str) -> Dict[str, State]:
    """Student and teacher of two files."""
    for networks, path in ((student, source), (teacher, teacher_source)):
        if len(networks) > 1:
            raise ValueError(
                f'{path} holds {" and ".join(networks)} already; give it '
                'alone, without --teacher')
    return dict(student=next(iter(student.values())),
                teacher=next(iter(teacher.values())))
