from .host_copy import HostCopy
from .nonfinite import (ChecksLosses, LossCheck, NonFiniteError, StepGuard,
                        describe_images)

__all__ = [
    'ChecksLosses', 'HostCopy', 'LossCheck', 'NonFiniteError', 'StepGuard',
    'describe_images'
]
