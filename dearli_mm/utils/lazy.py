"""Importing slow packages when they are first used."""
import importlib.util
import sys
from types import ModuleType


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
    spec = importlib.util.find_spec(name)
    if spec is None:
        raise ModuleNotFoundError(f'No module named {name!r}', name=name)
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
