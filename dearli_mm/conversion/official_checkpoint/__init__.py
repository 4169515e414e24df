"""Checkpoints of the reference implementation as ours."""
from .files import convert_checkpoint, read_official_checkpoint
from .names import rename
from .report import missing_parameters, report
from .state import (Conversion, convert_networks, convert_state_dict,
                    split_networks)

__all__ = [
    'Conversion', 'convert_checkpoint', 'convert_networks',
    'convert_state_dict', 'missing_parameters', 'read_official_checkpoint',
    'rename', 'report', 'split_networks'
]
