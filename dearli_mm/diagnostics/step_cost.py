"""Time and memory of a training step, phase by phase."""
import platform
import resource
from dataclasses import asdict
from typing import Dict

import pandas as pd
import torch
from mmengine.config import Config

from .sizes import StepSizes
from .tensor_memory import saved_bytes
from .training_step import Evaluation, TrainingStep
from .yardstick import Yardstick

ROWS = ('step', 'teacher forward', 'pseudo-labels and CutMix',
        'student forward', 'set losses', 'matching', 'backward',
        'optimiser and clip', 'EMA', 'rest', 'yardstick', 'evaluation',
        'evaluation forward', 'evaluation semantic', 'evaluation panoptic')


def measure_step(config: Config,
                 sizes: StepSizes,
                 steps: int = 7,
                 warm_up: int = 2,
                 yardstick: bool = True) -> dict:
    """Measure training steps and evaluation on the CPU.

    Peak memory is that of the process, so that it should be a fresh one; it
    holds some 850 MiB of libraries.

    Args:
        config (Config): With ``model`` and ``optim_wrapper``.
        sizes (StepSizes): Sizes of the step.
        steps (int): Steps that are measured.
        warm_up (int): Steps before them.
        yardstick (bool): Whether to measure a :class:`Yardstick` in between.

    Returns:
        dict: ``sizes``, ``machine``, ``peak_mib``, ``saved_mib``, and
        ``cpu_ms``, ``cpu_ms_lowest``, ``cpu_ms_highest`` and ``wall_ms`` of
        each phase (medians), of ``step`` (all of them), ``yardstick`` and the
        parts of an evaluation.
    """
    torch.manual_seed(0)
    step = TrainingStep(config, sizes)
    step.time_phases()
    for _ in range(warm_up):
        step()
    result = dict(
        sizes=asdict(sizes),
        machine=machine(),
        peak_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        saved_mib=sum(saved_bytes(step.loss, step.model).values()) / 2**20)
    runs = dict(step=step, evaluation=Evaluation(step.model.student, sizes))
    runs['evaluation']()
    if yardstick:
        runs['yardstick'] = Yardstick(config, sizes)
        runs['yardstick']()
    cpu, wall = [], []
    for _ in range(steps):
        spent = [{}, {}]
        # Interleaved: a busy spell of the machine meets all alike.
        for name, run in runs.items():
            run.timer.restart()
            run()
            for found, times in zip(spent, (run.timer.cpu, run.timer.wall)):
                found.update(times)
                found[name] = sum(times.values())
        cpu.append(spent[0])
        wall.append(spent[1])
    cpu, wall = pd.DataFrame(cpu), pd.DataFrame(wall)
    return dict(
        result,
        cpu_ms=cpu.median().to_dict(),
        cpu_ms_lowest=cpu.min().to_dict(),
        cpu_ms_highest=cpu.max().to_dict(),
        wall_ms=wall.median().to_dict())


def machine() -> Dict[str, object]:
    """What the figures depend on besides the code."""
    return dict(
        processor=platform.processor() or platform.machine(),
        python=platform.python_version(),
        torch=torch.__version__,
        threads=torch.get_num_threads())


def cost_table(result: dict) -> str:
    """What :func:`measure_step` returns, for people."""
    lines = ['  '.join(f'{k}={v}' for k, v in result[part].items())
             for part in ('sizes', 'machine')]
    table = pd.DataFrame({
        title: result[key] for title, key in (
            ('CPU ms', 'cpu_ms'), ('lowest', 'cpu_ms_lowest'),
            ('highest', 'cpu_ms_highest'), ('wall ms', 'wall_ms'))
    })
    rows = [name for name in ROWS if name in table.index]
    lines.append(table.loc[rows].to_string(float_format='{:.1f}'.format))
    cpu = result['cpu_ms']
    if 'yardstick' in cpu:
        lines.append(f'step / yardstick: {cpu["step"] / cpu["yardstick"]:.2f}')
    lines.append(f'peak memory: {result["peak_mib"]:.0f} MiB; saved for '
                 f'backward: {result["saved_mib"]:.0f} MiB')
    return '\n'.join(lines)
