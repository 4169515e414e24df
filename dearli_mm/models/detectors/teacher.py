"""The teacher: how it is made, and what it says."""
import copy
from typing import Dict, List, NamedTuple

import torch
from torch import Tensor, nn

from dearli_mm.functional import PanopticSegments
from dearli_mm.utils import HostCopy


class TeacherOpinion(NamedTuple):
    """What the teacher says of the weak views.

    Attributes:
        class_logits (Tensor): Shape [B, Q, C+1], void last.
        mask_logits (Tensor): Shape [B, Q, h, w].
        kept (HostCopy): Queries that compete for pixels, bool [B, Q].
    """
    class_logits: Tensor
    mask_logits: Tensor
    kept: HostCopy


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
    text_classifier = student.panoptic_head.text_classifier
    memo = {id(module): module for module in shared.values()}
    memo[id(text_classifier)] = text_classifier  # has no parameters at all
    teacher = copy.deepcopy(student, memo)
    for name, module in shared.items():
        delattr(teacher, name)
        object.__setattr__(teacher, name, module)
    teacher.requires_grad_(False)
    return teacher.eval()


def serve_both(state_dict: dict, prefix: str, teacher: nn.Module) -> None:
    """Let the checkpoint of one network be one of student and teacher.

    Args:
        state_dict (dict): Changed in place, if it is of one network.
        prefix (str): That of the keys in question.
        teacher (nn.Module): It takes what it has a name for.
    """
    if any(
            key.startswith((f'{prefix}student.', f'{prefix}teacher.'))
            for key in state_dict):
        return
    of_teacher = set(teacher.state_dict())
    for key in [k for k in state_dict if k.startswith(prefix)]:
        name, value = key[len(prefix):], state_dict.pop(key)
        state_dict[f'{prefix}student.{name}'] = value
        if name in of_teacher:
            state_dict[f'{prefix}teacher.{name}'] = value


def pseudo_statistics(labels: List[PanopticSegments]) -> Dict[str, Tensor]:
    """What the log tells of the pseudo-labels of a batch.

    Args:
        labels (list[PanopticSegments]): Trimmed, of each image.

    Returns:
        dict[str, Tensor]: ``pseudo_segments`` (a image),
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
