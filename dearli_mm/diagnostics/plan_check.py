"""Is a memory plan right? It is compared with steps that are really taken."""
from typing import Dict, Sequence

import torch
from mmengine.config import Config

from .live_bytes import LiveBytes
from .memory_plan import plan_memory
from .sizes import StepSizes
from .training_step import TrainingStep

MIB = 2**20


def check_plan(config: Config,
               sizes: StepSizes,
               bf16: bool = False,
               checkpointing: bool = False) -> Dict[str, float]:
    """Plan a step, and take it.

    Args:
        config (Config): With ``model`` and ``optim_wrapper``.
        sizes (StepSizes): Small enough for this computer.
        bf16 (bool): Whether the step runs under bfloat16 autocast.
        checkpointing (bool): See :func:`plan_memory`.

    Returns:
        dict[str, float]: ``planned`` and ``measured`` peak, MiB of tensors:
        weights, gradients, moments and all that a step makes. The measured
        one has the pseudo-labels, the gradients' norm and the optimiser's
        step in it, which the plan leaves out.
    """
    plan = plan_memory(config, sizes, bf16, checkpointing)
    step = TrainingStep(config, sizes)
    step()  # makes the optimiser's moments; gradients come and go
    with LiveBytes() as memory, torch.autocast(
            'cpu', torch.bfloat16, enabled=bf16):
        step()
    stays = sum(plan[name]
                for name in ('parameters', 'optimizer', 'ema', 'frozen'))
    return dict(
        planned=plan['peak'] / MIB, measured=(stays + memory.peak) / MIB)


def check_table(rows: Sequence[dict]) -> str:
    """Planned and measured peaks, in Markdown."""
    lines = ['| sizes | planned MiB | measured MiB | planned / measured |',
             '|---|---:|---:|---:|']
    for row in rows:
        lines.append(
            f'| {row["sizes"]} | {row["planned"]:.0f} | '
            f'{row["measured"]:.0f} | '
            f'{row["planned"] / row["measured"]:.2f} |')
    return '\n'.join(lines)
