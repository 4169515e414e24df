"""Exponential moving average of a student's parameters."""
from typing import List, Optional

import torch
from torch import Tensor


def ema_decay(step: int,
              decay: float = 0.999,
              ramp: bool = True,
              burn_in: int = 0) -> Optional[float]:
    """Decay of the teacher after optimiser step ``step`` (from 0).

    Source: DEARLi section 3.2.

    Args:
        step (int): Number of optimiser steps taken before this one.
        decay (float): Final decay, in [0, 1]. Defaults to 0.999.
        ramp (bool): Whether to begin with ``1 - 1 / (step + 1)``: step 0
            copies the student, and early steps average it. For a teacher
            that did not start from given weights. Defaults to True.
        burn_in (int): Steps without an update; then one copies the student
            and ``decay`` holds, without a ramp. Defaults to 0.

    Returns:
        float | None: Share of the teacher that stays; None for no update.
    """
    if step < burn_in:
        return None
    if burn_in:
        return 0.0 if step == burn_in else decay
    return min(1 - 1 / (step + 1), decay) if ramp else decay


@torch.no_grad()
def ema_update_(teacher: List[Tensor], student: List[Tensor],
                decay: float) -> None:
    """``teacher = decay * teacher + (1 - decay) * student``, in place.

    Args:
        teacher (list[Tensor]): Parameters to update.
        student (list[Tensor]): Their counterparts, in the same order.
        decay (float): Share of the teacher that stays, in [0, 1].
    """
    if teacher:
        torch._foreach_lerp_(teacher, student, 1 - decay)
