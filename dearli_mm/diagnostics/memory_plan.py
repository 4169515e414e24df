"""What a training step needs of a device's memory, without the device.

The step runs on fake tensors, which have a shape but no memory: any size can
be planned on a small computer.
"""
import copy
from typing import Dict, List
from unittest import mock

import pandas as pd
import torch
from mmengine.config import Config
from mmengine.structures import InstanceData
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeCopyMode, FakeTensorMode
from torch.utils.flop_counter import FlopCounterMode

from ..functional import Match
from ..models.losses import set_criterion
from .sizes import StepSizes, build_model
from .tensor_memory import peak_bytes, saved_bytes, tells_when_freed

GIB = 2**30
# Device context, kernels and what the allocator cannot use: an assumption.
OVERHEAD_GIB = 1.0
DEVICES_GB = (12, 24, 40)


def plan_memory(config: Config,
                sizes: StepSizes,
                bf16: bool = False,
                checkpointing: bool = False) -> dict:
    """Plan the memory of a training step.

    Args:
        config (Config): With a ``model``.
        sizes (StepSizes): Sizes of the step.
        bf16 (bool): Whether the step runs under bfloat16 autocast.
        checkpointing (bool): Whether the head keeps only the inputs of its
            layers for the backward pass.

    Returns:
        dict: Bytes. ``parameters``, ``gradients``, ``optimizer``, ``ema``,
        ``frozen``: what stays; ``saved``: by module, kept for the backward
        pass; ``temporary``: the most that each part of the step needs at one
        time beyond what stays (``teacher``; ``student``, with matching,
        losses and backward, so that it contains ``saved`` and new gradients);
        ``peak``: all together. And ``flops``, floating point operations of
        products, convolutions and attention (the sampling of deformable
        attention is not counted).

    Raises:
        NotImplementedError: If this PyTorch does not tell when memory is
            freed.
    """
    if not tells_when_freed():
        raise NotImplementedError(
            f'PyTorch {torch.__version__} does not tell when memory is freed, '
            'so that what is alive cannot be counted; run this with a newer '
            'one (2.14 is known to do)')
    model = build_model(config, sizes, checkpointing)
    result: dict = _what_stays(model)
    mode = FakeTensorMode()  # tensors with a shape, and without memory
    with FakeCopyMode(mode):
        model = copy.deepcopy(model)
    with mode, torch.autocast('cpu', torch.bfloat16, enabled=bf16), \
            mock.patch.object(set_criterion, 'hungarian_match',
                              _first_queries):
        step = _FakeStep(model, sizes)
        result['temporary'] = dict(teacher=peak_bytes(step.teacher),
                                   student=peak_bytes(step.student))
        result['saved'] = saved_bytes(step.loss, model.student)
        # Last: autocast keeps the weights that it casts in the first pass.
        with FlopCounterMode(display=False) as counter:
            step.teacher()
            step.student()
        result['flops'] = counter.get_total_flops()
    stays = sum(result[name]
                for name in ('parameters', 'optimizer', 'ema', 'frozen'))
    result['peak'] = stays + max(
        result['gradients'] + result['temporary']['teacher'],
        result['temporary']['student'])
    return result


def _what_stays(model: nn.Module) -> Dict[str, int]:
    """Bytes of weights and of what the optimiser keeps (two moments)."""

    def size(tensors) -> int:
        return sum(t.nbytes for t in tensors)

    trained = size(p for p in model.parameters() if p.requires_grad)
    teacher = size(model.teacher.parameters())
    return dict(
        parameters=trained,
        gradients=trained,
        optimizer=2 * trained,
        ema=teacher,
        frozen=size(model.parameters()) - trained - teacher)


class _FakeStep:
    """The parts of a step; pseudo-labels are given, any match will do."""

    def __init__(self, model: nn.Module, sizes: StepSizes) -> None:
        self.model, self.sizes = model, sizes
        count, crop, segments = (sizes.labeled + sizes.unlabeled, sizes.crop,
                                 sizes.segments)
        self.images = torch.empty(count, 3, crop, crop)
        self.targets = [
            InstanceData(
                labels=torch.zeros(segments, dtype=torch.int64),
                masks=torch.empty(segments, crop, crop, dtype=torch.bool))
            for _ in range(count)
        ]

    @torch.no_grad()
    def teacher(self) -> None:
        self.model.teacher.predict_queries(self.images[self.sizes.labeled:])

    def student(self) -> None:
        self.loss().backward()
        self.model.zero_grad()

    def loss(self) -> Tensor:
        prediction, = self.model.student_forward(self.images)
        losses = self.model.set_losses('labeled', prediction, self.targets)
        return sum(losses.values())


def _first_queries(costs: Tensor, num_targets: List[int]) -> List[Match]:
    """In place of the solver, which asks for values that nobody knows."""
    # Costs have shape [L, B, Q, n].
    pairs = sum(min(costs.shape[2], number) for number in num_targets)
    places = torch.zeros(3, pairs, dtype=torch.int64, device=costs.device)
    return [Match(*places) for _ in costs]


def plan_table(plan: dict, sizes: StepSizes) -> str:
    """What :func:`plan_memory` returns, for people."""
    rows = {name: plan[name] for name in ('parameters', 'gradients',
                                          'optimizer', 'ema', 'frozen')}
    rows.update({f'while running: {name}': size
                 for name, size in plan['temporary'].items()})
    rows.update({f'  saved by {name}': size
                 for name, size in plan['saved'].items() if size >= 2**20})
    rows['saved for backward'] = sum(plan['saved'].values())
    rows['peak'] = plan['peak']
    table = pd.DataFrame(
        [(name, f'{size / 2**20:.0f}') for name, size in rows.items()],
        columns=['', 'MiB'])
    fitting = [f'{size} GB: {"yes" if fits(plan, size) else "no"}'
               for size in DEVICES_GB]
    return '\n'.join([
        str(sizes),
        table.to_markdown(index=False, tablefmt='plain', colalign=(
            'left', 'right'), disable_numparse=True, preserve_whitespace=True),
        f'products, convolutions, attention: {plan["flops"] / 1e12:.3g} TFLOP',
        f'fits (with {OVERHEAD_GIB} GiB for the context): ' +
        ', '.join(fitting)
    ])


def fits(plan: dict, device_gb: float) -> bool:
    """Whether a device of so many GB holds the step."""
    return plan['peak'] / GIB + OVERHEAD_GIB <= device_gb
