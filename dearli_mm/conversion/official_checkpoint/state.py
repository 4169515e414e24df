"""State dicts of the reference implementation as this package's."""
import re
from typing import Dict, List, NamedTuple, Optional

from torch import Tensor

from ...engine.hooks.sam_warmup_hook import GROUPS as HEAD_GROUPS
from ...engine.hooks.sam_warmup_hook import HEAD
from .names import rename

State = Dict[str, Tensor]

_TOWER = 'image tower'
# Our names by their beginnings, in the order of the report.
GROUPS = {
    _TOWER: ('backbone.', ),
    **{
        group: tuple(HEAD + start for start in starts)
        for group, starts in HEAD_GROUPS.items()
    }
}
# What has no name of ours, with the reason why it is not needed.
_LEFT_OUT = {
    'text tower (texts are embedded with the CLIP file)':
    r'backbone\.clip_model\.',
    'constants of the losses': r'criterion',
    'pixel mean and deviation (in the config)': r'pixel_(mean|std)$',
    'mask pooling of the class head (FC-CLIP)':
    r'sem_seg_head\.predictor\._mask_pooling_proj\.',
}
_MASK_POOLING = 'sem_seg_head.predictor._mask_pooling_proj.'
_NETWORK = re.compile(r'(module\.)?((model_?)?(?P<who>student|teacher)\.)?'
                      r'(module\.)?', re.IGNORECASE)


class Conversion(NamedTuple):
    """What became of a checkpoint.

    Attributes:
        state_dict (dict[str, Tensor]): Of a :class:`CLIPMask2Former`, which
            loads into :class:`DEARLi` as well, as student and teacher; or of
            a :class:`DEARLi`, where both networks were given.
        left_out (dict[str, list[str]]): Keys that are known but not needed,
            by the reason.
    """
    state_dict: State
    left_out: Dict[str, List[str]]


def convert_state_dict(state: State,
                       decoder_only: bool = False) -> Conversion:
    """Rename the parameters of one network of the reference implementation.

    Args:
        state (dict[str, Tensor]): Of student, teacher or warm-up network.
        decoder_only (bool): Whether the image tower is left out: what a
            warm-up gives to training. Then FC-CLIP's checkpoints are taken as
            well: its pixel decoder, mask decoder and queries. Defaults to
            False.

    Returns:
        Conversion: The renamed parameters and what was left out.

    Raises:
        ValueError: If it is no such state dict, or of another architecture,
            or holds values that are not finite.
    """
    pools_masks = any(key.startswith(_MASK_POOLING) for key in state)
    _check_architecture(state, pools_masks and not decoder_only)
    converted: State = {}
    left_out: Dict[str, List[str]] = {}
    for key, value in state.items():
        name = rename(key)
        reason = _known_extra(key) if name is None else _not_wanted(
            group_of(name), decoder_only, pools_masks)
        if reason is None:
            converted[name] = value
        else:
            left_out.setdefault(reason, []).append(key)
    _check_finite(converted)
    return Conversion(converted, left_out)


def convert_networks(networks: Dict[str, State],
                     decoder_only: bool = False) -> Conversion:
    """Convert a network, or student and teacher into one :class:`DEARLi`.

    Args:
        networks (dict[str, dict[str, Tensor]]): State dicts by ``'student'``
            and ``'teacher'``, or a single one of any name.
        decoder_only (bool): See :func:`convert_state_dict`.

    Returns:
        Conversion: Names start with ``student.`` and ``teacher.`` if there
        are two.
    """
    if len(networks) == 1:
        return convert_state_dict(*networks.values(), decoder_only)
    state, left_out = {}, {}
    for who, network in networks.items():
        part = convert_state_dict(network, decoder_only)
        for reason, keys in part.left_out.items():
            left_out.setdefault(reason, []).extend(keys)
        for name, value in part.state_dict.items():
            if who == 'teacher' and name.startswith('backbone.'):
                reason = "teacher's image tower (frozen: the student's is it)"
                left_out.setdefault(reason, []).append(name)
            else:
                state[f'{who}.{name}'] = value
    return Conversion(state, left_out)


def split_networks(state: State) -> Dict[str, State]:
    """Sort the parameters of a file by the network they belong to.

    Args:
        state (dict[str, Tensor]): Keys with or without ``modelStudent.`` and
            ``modelTeacher.`` (or ``module.``) in front.

    Returns:
        dict[str, dict[str, Tensor]]: State dicts without those beginnings,
        by ``'student'``, ``'teacher'`` or ``'network'``.
    """
    networks: Dict[str, State] = {}
    for key, value in state.items():
        match = _NETWORK.match(key)
        who = (match['who'] or 'network').lower()
        networks.setdefault(who, {})[key[match.end():]] = value
    return networks


def _check_architecture(state: State, complete_fc_clip: bool) -> None:
    if not any(key.startswith('sem_seg_head.predictor.') for key in state):
        raise ValueError(
            'no key starts with sem_seg_head.predictor.: the file is no '
            'checkpoint of the reference implementation; it holds, for '
            f'instance, {list(state)[:3]}')
    if complete_fc_clip:
        raise ValueError(
            'the class head pools masks, as FC-CLIP does, and ours does not; '
            'pixel and mask decoder can still be had: --decoder-only')
    unknown = [key for key in state
               if rename(key) is None and _known_extra(key) is None]
    if unknown:
        raise ValueError(
            f'{len(unknown)} keys are none of the reference implementation, '
            f'for instance {unknown[:3]}: the file is of another model')


def _known_extra(key: str) -> Optional[str]:
    """Why a key without a name of ours is not needed."""
    return next((reason for reason, pattern in _LEFT_OUT.items()
                 if re.match(pattern, key)), None)


def _not_wanted(group: str, decoder_only: bool,
                pools_masks: bool) -> Optional[str]:
    """Why a group of parameters is not wanted, if so."""
    if decoder_only and group == _TOWER:
        return 'image tower (--decoder-only)'
    if pools_masks and group == 'classifier':
        return 'classifier of pooled masks (FC-CLIP)'
    return None


def _check_finite(state: State) -> None:
    broken = [name for name, value in state.items()
              if not value.isfinite().all()]
    if broken:
        raise ValueError(
            f'{len(broken)} parameters hold NaN or infinity, for instance '
            f'{broken[:3]}: the run that wrote the file had diverged; take an '
            'earlier checkpoint')


def group_of(name: str) -> Optional[str]:
    """The group in ``GROUPS`` of a converted parameter."""
    name = re.sub(r'^(student|teacher)\.', '', name)
    return next((group for group, starts in GROUPS.items()
                 if name.startswith(starts)), None)
