"""Importing slow packages when they are first used."""
import importlib
import importlib.util
import sys
from types import ModuleType
from typing import Any


class _LazyModule(ModuleType):
    """Stands for a module; ``sys.modules`` knows the module itself alone.

    There, whoever looks through all modules (``inspect.getmodule``, which
    PyTorch calls) would import it, in the midst of other imports.
    """

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module(self.__name__), name)


def lazy_module(name: str) -> ModuleType:
    """A module that is imported at the first look into it.

    ``import dearli_mm`` has to register networks whose packages take seconds
    to import, also where nobody builds one of them.

    Args:
        name (str): Of a package, such as ``'timm'``.

    Raises:
        ModuleNotFoundError: If it is not installed.
    """
    if name in sys.modules:
        return sys.modules[name]
    if importlib.util.find_spec(name) is None:
        raise ModuleNotFoundError(f'No module named {name!r}', name=name)
    return _LazyModule(name)
