"""What a training step needs of a device's memory, without the device.

The step runs on fake tensors, which have a shape but no memory: any size can
be planned on a small computer.
"""
from contextlib import contextmanager
from typing import Dict, Iterator

import torch
from mmengine.config import Config
from mmengine.structures import InstanceData
from torch import Tensor, nn
from torch._subclasses import FakeTensorMode
from torch.utils.flop_counter import FlopCounterMode

from dearli_mm.functional import Match
from dearli_mm.functional.classification import _synonym_blocks
from dearli_mm.functional.deformable_attention import _layout
from dearli_mm.models.layers import pixel_decoder, positions

from .live_bytes import LiveBytes
from .saved_tensors import saved_bytes_of_modules
from .sizes import StepSizes, build_model

GIB = 2**30
# Device context, kernels and what the allocator cannot use: an assumption.
OVERHEAD_GIB = 1.0
DEVICES_GB = (12, 24, 40)
CACHES = (_synonym_blocks, _layout, pixel_decoder._on,
          positions._sine_positions, positions.pixel_centres)


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
        ``frozen``: what stays; ``saved``: of each module, kept for the
        backward pass; ``temporary``: the most that each part of the step
        needs at one time beyond what stays (``teacher``; ``student``, with
        matching, losses and backward, so that it contains ``saved`` and new
        gradients); ``peak``: all together. And ``flops``, floating point
        operations of products, convolutions and attention (the sampling of
        deformable attention is not counted).
    """
    config.model['detector']['panoptic_head']['with_cp'] = checkpointing
    model = build_model(config, sizes)
    result = _what_stays(model)
    with _fake(model), torch.autocast(
            'cpu', torch.bfloat16, enabled=bf16):
        step = _FakeStep(model, sizes)
        result['temporary'] = {
            name: _peak(getattr(step, name))
            for name in ('teacher', 'student')
        }
        result['saved'] = saved_bytes_of_modules(step.loss, model.student)
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
        return sum(t.numel() * t.element_size() for t in tensors)

    trained = size(p for p in model.parameters() if p.requires_grad)
    teacher = size(model.teacher.parameters())
    return dict(
        parameters=trained,
        gradients=trained,
        optimizer=2 * trained,
        ema=teacher,
        frozen=size(model.parameters()) - trained - teacher)


class _FakeStep:
    """The parts of a step; pseudo-labels and matches are given."""

    def __init__(self, model: nn.Module, sizes: StepSizes) -> None:
        self.model, self.sizes = model, sizes
        self.images = torch.empty(sizes.labeled + sizes.unlabeled, 3,
                                  sizes.crop, sizes.crop)
        self.targets = [
            InstanceData(
                labels=torch.zeros(sizes.segments, dtype=torch.int64),
                masks=torch.empty(
                    sizes.segments, sizes.crop, sizes.crop, dtype=torch.bool))
            for _ in range(len(self.images))
        ]

    @torch.no_grad()
    def teacher(self) -> None:
        self.model.teacher.predict_queries(self.images[self.sizes.labeled:])

    def student(self) -> None:
        self.loss().backward()
        self.model.zero_grad()

    def loss(self) -> Tensor:
        student = self.model.student
        head = student.panoptic_head
        class_logits, masks = head(student.extract_feat(self.images))
        with torch.no_grad():
            head.criterion.costs(class_logits, masks, self.targets)
        shape = (len(masks), len(self.images) * self.sizes.segments)
        match = Match(*torch.zeros(3, *shape, dtype=torch.int64))
        losses = head.loss_by_feat(class_logits, masks, self.targets, [],
                                   match)
        return sum(losses.values())


def _peak(run) -> int:
    with LiveBytes() as memory:
        run()
    return memory.peak


@contextmanager
def _fake(model: nn.Module) -> Iterator[None]:
    """Weights become fake, and so does everything that is made inside."""
    mode = FakeTensorMode()
    for module in model.modules():
        for name, parameter in module.named_parameters(recurse=False):
            fake = mode.from_tensor(parameter.detach())
            module._parameters[name] = nn.Parameter(fake,
                                                    parameter.requires_grad)
        for name, buffer in module.named_buffers(recurse=False):
            module._buffers[name] = mode.from_tensor(buffer)
    for cache in CACHES:
        cache.cache_clear()
    try:
        with mode:
            yield
    finally:
        for cache in CACHES:
            cache.cache_clear()


def plan_table(plan: dict, sizes: StepSizes) -> str:
    """What :func:`plan_memory` returns, for people."""
    lines = ['  '.join(f'{k}={v}' for k, v in sizes.as_dict().items())]

    def row(name: str, size: int) -> None:
        lines.append(f'{name:44}{size / 2**20:10.0f} MiB')

    for name in ('parameters', 'gradients', 'optimizer', 'ema', 'frozen'):
        row(name, plan[name])
    for name, size in plan['temporary'].items():
        row(f'while running: {name}', size)
    for name, size in plan['saved'].items():
        if size >= 2**20:
            row(f'  saved by {name}', size)
    row('saved for backward', sum(plan['saved'].values()))
    row('peak', plan['peak'])
    lines.append(f'{"products, convolutions, attention":44}'
                 f'{plan["flops"] / 1e12:10.2f} TFLOP')
    fitting = [f'{size} GB: {"yes" if fits(plan, size) else "no"}'
               for size in DEVICES_GB]
    lines.append(f'fits (with {OVERHEAD_GIB} GiB for the context): '
                 + ', '.join(fitting))
    return '\n'.join(lines)


def fits(plan: dict, device_gb: float) -> bool:
    """Whether a device of so many GB holds the step."""
    return plan['peak'] / GIB + OVERHEAD_GIB <= device_gb
