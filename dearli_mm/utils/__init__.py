from .nonfinite import (NonFiniteError, check_losses, describe_images,
                        guard_optimizer)

__all__ = [
    'NonFiniteError', 'check_losses', 'describe_images', 'guard_optimizer'
]
