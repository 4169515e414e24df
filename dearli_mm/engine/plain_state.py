"""Turn a checkpoint to plain data and back.

Plain data is what ``torch.load(..., weights_only=True)`` accepts under every
PyTorch that we support: tensors, numbers, strings, bools, None, and lists,
tuples and dicts of these. mmengine puts :class:`HistoryBuffer` objects
into its checkpoints, which PyTorch 2.6 and later refuse to load.
"""
from collections import OrderedDict
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer

TAG = '__dearli_mm__'
_HISTORY = 'HistoryBuffer'
_PLAIN = (type(None), bool, int, float, str, torch.Tensor)


class NotPlainError(ValueError):
    """A checkpoint holds an object that is not plain data."""


def to_plain(obj: Any, path: str = 'checkpoint') -> Any:
    """Copies containers and turns what they hold to plain data.

    NumPy scalars become Python numbers and NumPy arrays tensors (lists, where
    PyTorch has no equivalent type), parameters become tensors, subclasses of
    dict, list and tuple these types themselves. An ``OrderedDict`` stays one
    and keeps its ``_metadata``, which a module's state dict needs.
    ``HistoryBuffer`` objects become tagged dicts for :func:`from_plain`.

    Args:
        obj: Anything; it is not modified.
        path (str): Where ``obj`` is, for the error.

    Returns:
        The same in plain data; tensors are shared, not copied.

    Raises:
        NotPlainError: If something cannot be turned; names the key path and
            the type.
    """
    if type(obj) in _PLAIN:
        return obj
    if isinstance(obj, dict):
        return _same_dict(obj, {
            to_plain(key, f'key {key!r} of {path}'):
            to_plain(value, f'{path}[{key!r}]')
            for key, value in obj.items()
        })
    if isinstance(obj, (list, tuple)):
        items = [to_plain(v, f'{path}[{i}]') for i, v in enumerate(obj)]
        return tuple(items) if isinstance(obj, tuple) else items
    if isinstance(obj, np.generic) and not isinstance(obj.item(), np.generic):
        return to_plain(obj.item(), path)
    if isinstance(obj, np.ndarray):
        return _plain_array(obj, path)
    if isinstance(obj, torch.nn.Parameter):
        return obj.data
    if isinstance(obj, HistoryBuffer):
        log, count = obj.data
        return {
            TAG: _HISTORY,
            'log': _plain_array(log, path),
            'count': _plain_array(count, path),
            'max_length': obj.max_length
        }
    raise NotPlainError(
        f'{path} is a {type(obj).__module__}.{type(obj).__qualname__}, which '
        'a checkpoint that loads safely (weights_only=True) cannot hold. Let '
        'whoever puts it there (a hook, the message hub, metainfo of the '
        'dataset) store numbers, strings, tensors, lists or dicts.')


def from_plain(obj: Any) -> Any:
    """Restores what :func:`to_plain` tagged; leaves all else as it is.

    Args:
        obj: Plain data, for example a loaded checkpoint.

    Returns:
        The same with ``HistoryBuffer`` objects in place of tagged dicts.

    Raises:
        NotPlainError: If a tag is unknown, as in a checkpoint of a later
            version.
    """
    if isinstance(obj, dict):
        if TAG in obj:
            return _restore(obj)
        return _same_dict(obj, {k: from_plain(v) for k, v in obj.items()})
    if isinstance(obj, (list, tuple)):
        items = [from_plain(item) for item in obj]
        return tuple(items) if isinstance(obj, tuple) else items
    return obj


def _restore(tagged: dict) -> HistoryBuffer:
    if tagged[TAG] != _HISTORY:
        raise NotPlainError(
            f'The checkpoint holds a {tagged[TAG]!r}, which this version of '
            'dearli_mm does not know. Update dearli_mm to load it.')
    log, count = (np.asarray(v.cpu() if isinstance(v, torch.Tensor) else v)
                  for v in (tagged['log'], tagged['count']))
    return HistoryBuffer(log, count, tagged['max_length'])


def _same_dict(source: dict, items: dict) -> dict:
    """Gives ``items`` the type of ``source``: a dict or an OrderedDict."""
    if not isinstance(source, OrderedDict):
        return items
    result = OrderedDict(items)
    if hasattr(source, '_metadata'):
        result._metadata = to_plain(source._metadata, '_metadata')
    return result


def _plain_array(array: np.ndarray, path: str) -> Any:
    # PyTorch has unsigned types wider than a byte only since 2.3.
    if array.dtype.kind != 'u' or array.dtype.itemsize == 1:
        try:
            return torch.from_numpy(np.array(array, order='C'))
        except TypeError:  # strings, objects
            pass
    return to_plain(array.tolist(), path)
