"""The teacher: how it is made, and what it gets of a checkpoint."""
import copy
from typing import Dict, List, Set

import torch
from mmengine.logging import print_log
from torch import Tensor, nn

from dearli_mm.functional import PanopticSegments

NETWORKS = ('student', 'teacher')


def teacher_of(student: nn.Module) -> nn.Module:
    """A frozen copy of the student that shares what is never trained.

    The teacher refers to a shared backbone without registering it, so it
    appears once among parameters, in checkpoints and on the device.

    Args:
        student (nn.Module): A :class:`CLIPMask2Former`.
    """
    shared = {
        name: module
        for name, module in student.named_children()
        if name in ('backbone', 'zero_shot_clip') and not any(
            p.requires_grad for p in module.parameters())
    }
    memo = {id(module): module for module in shared.values()}
    text_classifier = student.panoptic_head.text_classifier
    memo[id(text_classifier)] = text_classifier  # has no parameters at all
    teacher = copy.deepcopy(student, memo)
    for name, module in shared.items():
        delattr(teacher, name)
        object.__setattr__(teacher, name, module)
    teacher.requires_grad_(False)
    return teacher.eval()


def complete_for_both(state_dict: Dict[str, Tensor], prefix: str,
                      student: nn.Module, teacher: nn.Module) -> Set[str]:
    """Let a checkpoint be one of student and teacher, whatever it holds.

    That of a single network goes to both. Where it has the student's value of
    a tensor alone, the teacher takes that, and the other way round; what it
    lacks of both the teacher takes from the student as it is.

    Args:
        state_dict (dict[str, Tensor]): Completed in place.
        prefix (str): That of the keys in question.
        student (nn.Module): The network that is about to be loaded.
        teacher (nn.Module): Its copy, likewise.

    Returns:
        set[str]: Names of the teacher's tensors that the checkpoint gave.
    """
    parts = (f'{prefix}student.', f'{prefix}teacher.')
    if not any(key.startswith(parts) for key in state_dict):
        for key in [k for k in state_dict if k.startswith(prefix)]:
            state_dict[parts[0] + key[len(prefix):]] = state_dict.pop(key)
    own, of_student, current = [], [], []
    values = student.state_dict()
    for name, value in teacher.state_dict().items():
        keys = [part + name for part in parts]
        fitting = [
            key in state_dict and state_dict[key].shape == value.shape
            for key in keys
        ]
        if fitting[1]:
            own.append(name)
            state_dict.setdefault(keys[0], state_dict[keys[1]])
        elif fitting[0]:
            of_student.append(name)
            state_dict[keys[1]] = state_dict[keys[0]]
        else:
            current.append(name)
            state_dict[keys[1]] = values[name]
    if of_student or current:
        print_log(
            f'teacher: {len(own)} tensors of its own in the checkpoint, '
            f"{len(of_student)} taken of the student's there, {len(current)} "
            'not there, copied from the student as it is', 'current')
    return {*own, *of_student}


def weights_of_network(weights: Dict[str, Tensor],
                       network: str) -> Dict[str, Tensor]:
    """Weights of the student or the teacher of a checkpoint.

    Args:
        weights (dict[str, Tensor]): Of :class:`DEARLi`, or of one network.
        network (str): ``'student'`` or ``'teacher'``.

    Returns:
        dict[str, Tensor]: Without the prefix. What is never trained is stored
        once, with the student, and belongs to the teacher as well.
    """
    parts: Dict[str, Dict[str, Tensor]] = {name: {} for name in NETWORKS}
    for key, value in weights.items():
        part, _, name = str(key).partition('.')
        if part in parts:
            parts[part][name] = value
    if not parts['student']:
        return weights
    return {**parts['student'], **parts[network]}


def pseudo_label_statistics(
        labels: List[PanopticSegments]) -> Dict[str, Tensor]:
    """What the log tells of the pseudo-labels of a batch.

    Args:
        labels (list[PanopticSegments]): Of each image.

    Returns:
        dict[str, Tensor]: ``pseudo_segments`` (per image),
        ``pseudo_confidence`` (mean score), ``pseudo_coverage`` (share of
        pixels); scalars.
    """
    scores = torch.cat([label.scores for label in labels])
    covered = torch.stack([(label.seg_map > 0).float().mean()
                           for label in labels])
    return dict(
        pseudo_segments=covered.new_full((), len(scores) / len(labels)),
        pseudo_confidence=scores.sum() / max(len(scores), 1),
        pseudo_coverage=covered.mean())
