"""How mmengine reads checkpoints of this machine, once this is imported."""
from typing import Any

from mmengine.runner.checkpoint import CheckpointLoader

from dearli_mm.utils.plain_files import load_plain


@CheckpointLoader.register_scheme(prefixes='', force=True)
def load_local(filename: str, map_location: Any = None) -> Any:
    """A checkpoint as plain data, on every PyTorch.

    Raises:
        FileNotFoundError, ValueError: See :func:`load_plain`.
    """
    return load_plain(filename, 'checkpoint', map_location)
