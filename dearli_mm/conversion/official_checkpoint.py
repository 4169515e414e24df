"""Checkpoints of the reference implementation as ours."""
import re
from collections import Counter
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional

import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from terminaltables import AsciiTable
from torch import Tensor

from ..engine.hooks.sam_warmup_hook import GROUPS as HEAD_GROUPS
from ..engine.hooks.sam_warmup_hook import HEAD
from ..utils.atomic import atomic_path
from ..utils.plain_files import load_plain
from .official_names import rename

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
_MASK_POOLING = 'sem_seg_head.predictor._mask_pooling_proj.'
# What has no name of ours, with the reason why it is not needed.
_LEFT_OUT = {
    'text tower (texts are embedded with the CLIP file)':
    'backbone.clip_model.',
    'constants of the losses': 'criterion',
    'pixel mean and deviation (in the config)': ('pixel_mean', 'pixel_std'),
    'mask pooling of the class head (FC-CLIP)': _MASK_POOLING,
}
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


def convert_checkpoint(source: str,
                       target: str,
                       decoder_only: bool = False,
                       teacher: Optional[str] = None,
                       config: Optional[str] = None) -> str:
    """Convert a file, or those of student and teacher.

    Args:
        source (str): File of the reference implementation: one network, or
            student and teacher.
        target (str): File to write; loads with ``weights_only=True``.
        decoder_only (bool): See :func:`convert_state_dict`.
        teacher (str, optional): File of the teacher, where ``source`` is of
            the student alone.
        config (str, optional): Config of the network to be compared with.

    Returns:
        str: Table of what was mapped, left out, and missing.

    Raises:
        FileNotFoundError: If a file is not there.
        ValueError: If it cannot be converted, or does not fit the config.
    """
    networks = split_networks(_read(source))
    if teacher is not None:
        files = {source: networks, teacher: split_networks(_read(teacher))}
        for path, found in files.items():
            if len(found) > 1:
                raise ValueError(
                    f'{path} holds {" and ".join(found)} already; give it '
                    'alone, without --teacher')
        networks = dict(zip(
            ('student', 'teacher'),
            (state for found in files.values() for state in found.values())))
    conversion = convert_networks(networks, decoder_only)
    missing = None if config is None else _missing_parameters(
        conversion.state_dict, config)
    with atomic_path(target) as path:
        torch.save(
            dict(
                state_dict=conversion.state_dict,
                meta=dict(converted_from=Path(source).name)), path)
    return _report(conversion, missing)


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
            # The reference's EMA lets the teacher's frozen tower drift.
            if who == 'teacher' and name.startswith('backbone.'):
                reason = "teacher's image tower (frozen: the student's is it)"
                left_out.setdefault(reason, []).append(name)
            else:
                state[f'{who}.{name}'] = value
    return Conversion(state, left_out)


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
    if not any(key.startswith('sem_seg_head.predictor.') for key in state):
        raise ValueError(
            'no key starts with sem_seg_head.predictor.: the file is no '
            'checkpoint of the reference implementation; it holds, for '
            f'instance, {list(state)[:3]}')
    pools_masks = any(key.startswith(_MASK_POOLING) for key in state)
    if pools_masks and not decoder_only:
        raise ValueError(
            'the class head pools masks, as FC-CLIP does, and ours does not; '
            'pixel and mask decoder can still be had: --decoder-only')
    unwanted = {}
    if decoder_only:
        unwanted[_TOWER] = 'image tower (--decoder-only)'
    if pools_masks:
        unwanted['classifier'] = 'classifier of pooled masks (FC-CLIP)'
    converted, left_out, unknown = {}, {}, []
    for key, value in state.items():
        name = rename(key)
        reason = _why_not_needed(key) if name is None else unwanted.get(
            _group_of(name))
        if reason is not None:
            left_out.setdefault(reason, []).append(key)
        elif name is None:
            unknown.append(key)
        else:
            converted[name] = value
    if unknown:
        raise ValueError(
            f'{len(unknown)} keys are none of the reference implementation, '
            f'for instance {unknown[:3]}: the file is of another model')
    # Only of what is kept: the reference ruins the text tower of its teacher.
    broken = [name for name, value in converted.items()
              if not value.isfinite().all()]
    if broken:
        raise ValueError(
            f'{len(broken)} parameters hold NaN or infinity, for instance '
            f'{broken[:3]}: the run that wrote the file had diverged; take an '
            'earlier checkpoint')
    return Conversion(converted, left_out)


def _read(path: str) -> State:
    """Tensors by name: of a state dict, or of a dict with ``model``."""
    content = load_plain(path)
    state = content.get('model', content) if isinstance(content, dict) else {}
    tensors = {k: v for k, v in state.items() if isinstance(v, Tensor)}
    if not tensors:
        held = list(content)[:5] if isinstance(content, dict) else type(
            content).__name__
        raise ValueError(f'{path} holds no tensors by name, but {held}')
    return tensors


def _why_not_needed(key: str) -> Optional[str]:
    return next((reason for reason, starts in _LEFT_OUT.items()
                 if key.startswith(starts)), None)


def _group_of(name: str) -> Optional[str]:
    """The group in ``GROUPS`` of a converted parameter."""
    name = re.sub(r'^(student|teacher)\.', '', name)
    return next((group for group, starts in GROUPS.items()
                 if name.startswith(starts)), None)


def _missing_parameters(state: State, config: str) -> Counter:
    """How many parameters the network of a config has more, by group."""
    model = Config.fromfile(config).model
    network = model.get('detector', model)
    for part in (network.backbone, network.panoptic_head.text_classifier):
        if 'pretrained' in part:
            part.pretrained = None  # no weights are needed to compare names
    init_default_scope('mmdet')
    own = MODELS.build(model).state_dict()
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
    return Counter(_group_of(name) for name in own if name not in state)


def _report(conversion: Conversion, missing: Optional[Counter]) -> str:
    """A row for each group of parameters, and for what was left out.

    Without ``missing``, only groups of which nothing was mapped are known to
    be missing.
    """
    mapped = Counter(map(_group_of, conversion.state_dict))
    rows = [['', 'mapped', 'left out', 'missing']]
    for group in GROUPS:
        lacking = ('' if mapped[group] else 'all') if missing is None else \
            missing[group]
        rows.append([group, mapped[group], '', lacking])
    rows += [[reason, '', len(keys), '']
             for reason, keys in conversion.left_out.items()]
    return AsciiTable(rows).table
