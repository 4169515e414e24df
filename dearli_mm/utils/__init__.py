from .arguments import arguments_of, near_misses, refuse_unknown
from .atomic import atomic_path, write_bytes, write_text
from .nonfinite import (ChecksLosses, NonFiniteError, describe_images,
                        refuse_nonfinite_gradients)

__all__ = [
    'ChecksLosses', 'NonFiniteError', 'arguments_of', 'atomic_path',
    'describe_images', 'near_misses', 'refuse_nonfinite_gradients',
    'refuse_unknown', 'write_bytes', 'write_text'
]
