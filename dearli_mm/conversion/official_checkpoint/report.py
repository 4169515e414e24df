"""What of a converted checkpoint a network uses, and what it lacks."""
import re
from collections import Counter
from typing import Dict, List, Optional

from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from terminaltables import AsciiTable

from .state import GROUPS, Conversion, State, group_of


def missing_parameters(state: State, config: str) -> Dict[str, List[str]]:
    """Parameters that a network has and a checkpoint lacks, by group.

    Args:
        state (dict[str, Tensor]): Converted.
        config (str): Path of the config; no weights are needed for it.

    Raises:
        ValueError: If a parameter has another shape or no place there.
    """
    own = _empty_model_state(config)
    if not any(name.startswith('student.') for name in state):
        # One network is loaded into both.
        own = {re.sub(r'^student\.', '', name): value
               for name, value in own.items()
               if not name.startswith('teacher.')}
    wrong = [
        f'{name} {list(value.shape)} ('
        + (f'there {list(own[name].shape)}' if name in own else 'not there')
        + ')' for name, value in state.items()
        if name not in own or own[name].shape != value.shape
    ]
    if wrong:
        raise ValueError(
            f'{len(wrong)} parameters do not fit the network of {config}, '
            f'for instance {wrong[:3]}; take the config with the same CLIP, '
            'number of queries and layers')
    missing: Dict[str, List[str]] = {}
    for name in own:
        if name not in state:
            missing.setdefault(group_of(name), []).append(name)
    return missing


def _empty_model_state(config: str) -> State:
    """State dict of a config's model, built without its weight files."""
    model = Config.fromfile(config).model
    network = model.get('detector', model)
    for part in (network.backbone, network.panoptic_head.text_classifier):
        if 'pretrained' in part:
            part.pretrained = None
    init_default_scope('mmdet')
    return MODELS.build(model).state_dict()


def report(conversion: Conversion,
           missing: Optional[Dict[str, List[str]]] = None) -> str:
    """A row for each group of parameters, and for what was left out.

    Args:
        conversion (Conversion): What became of the checkpoint.
        missing (dict[str, list[str]], optional): Of
            :func:`missing_parameters`. Without, only groups of which nothing
            was mapped are known to be missing.

    Returns:
        str: The table, several lines.
    """
    mapped = Counter(map(group_of, conversion.state_dict))
    rows = [['', 'mapped', 'left out', 'missing']]
    for group in GROUPS:
        if missing is not None:
            lacking = len(missing.get(group, []))
        else:
            lacking = '' if mapped[group] else 'all'
        rows.append([group, mapped[group], '', lacking])
    rows += [[reason, '', len(keys), '']
             for reason, keys in conversion.left_out.items()]
    return AsciiTable(rows).table
