"""Time and memory of a training step, phase by phase."""
import platform
import resource
import statistics
from typing import Dict, List, Sequence

import torch
from mmengine.config import Config
from torch import nn

from .levers import take_out
from .phases import PhaseTimer
from .saved_tensors import saved_bytes
from .sizes import StepSizes
from .synthetic import make_sample
from .training_step import TrainingStep
from .yardstick import Yardstick

PHASES = ('teacher forward', 'pseudo-labels and CutMix', 'student forward',
          'set losses, all', 'matching', 'backward', 'optimiser and clip',
          'EMA', 'rest')


def measure_step(config: Config,
                 sizes: StepSizes,
                 steps: int = 7,
                 warm_up: int = 2,
                 yardstick: bool = True,
                 without: Sequence[str] = ()) -> dict:
    """Measure training steps and evaluation on the CPU.

    Peak memory is that of the process, so that it should be a fresh one; it
    holds some 850 MiB of libraries.

    Args:
        config (Config): With ``model`` and ``optim_wrapper``.
        sizes (StepSizes): Sizes of the step.
        steps (int): Steps that are measured.
        warm_up (int): Steps before them.
        yardstick (bool): Whether to measure a :class:`Yardstick` in between.
        without (Sequence[str]): Names of ``LEVERS`` that are taken out.

    Returns:
        dict: ``sizes``, ``without``, ``machine``, ``peak_mib``,
        ``saved_mib``, and ``cpu_ms`` and ``wall_ms``: medians of each phase,
        of ``step`` (all of them), ``yardstick`` and the parts of an
        evaluation.
    """
    torch.manual_seed(0)
    step = TrainingStep(config, sizes)
    take_out(step, without)
    step.time_phases()
    for _ in range(warm_up):
        step()
    result = dict(
        sizes=sizes.as_dict(),
        without=list(without),
        machine=machine(),
        peak_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        saved_mib=saved_bytes(step.loss, step.model) / 2**20)
    runs = {'step': (step, step.timer)}
    evaluation = Evaluation(step.model.student, sizes)
    runs['evaluation'] = (evaluation, evaluation.timer)
    if yardstick:
        other = Yardstick(config, sizes)
        runs['yardstick'] = (other, other.timer)
        other()
    evaluation()
    result.update(_medians(runs, steps))
    return result


def _medians(runs: dict, steps: int) -> dict:
    """Interleaved, so that a busy spell of the machine meets all alike."""
    cpu: Dict[str, List[float]] = {}
    wall: Dict[str, List[float]] = {}
    for _ in range(steps):
        for name, (run, timer) in runs.items():
            timer.restart()
            run()
            for found, spent in ((cpu, timer.cpu), (wall, timer.wall)):
                found.setdefault(name, []).append(sum(spent.values()))
                if name == 'step':
                    found.setdefault('set losses, all', []).append(
                        spent['set losses'] + spent['matching'])
                for phase, value in spent.items():
                    found.setdefault(phase, []).append(value)
    return dict(
        cpu_ms={k: statistics.median(v) for k, v in cpu.items()},
        wall_ms={k: statistics.median(v) for k, v in wall.items()},
        cpu_ms_range={k: (min(v), max(v)) for k, v in cpu.items()})


class Evaluation:
    """Test of one image with the student.

    ``evaluation semantic`` has what is neither forward nor panoptic, such as
    the resizing of masks, in it.
    """

    def __init__(self, student: nn.Module, sizes: StepSizes) -> None:
        self.timer = PhaseTimer()
        self.student = student
        self.image = torch.randn(1, 3, sizes.crop, sizes.crop)
        self.sample = make_sample(sizes)
        self.timer.wrap(student, 'predict_queries', 'evaluation forward')
        self.timer.wrap(student.panoptic_fusion_head, 'segments',
                        'evaluation panoptic')

    @torch.no_grad()
    def __call__(self) -> None:
        """Predict."""
        self.student.eval()
        with self.timer.phase('evaluation semantic'):
            self.student.predict(self.image, [self.sample])
        self.student.train()


def machine() -> dict:
    """What the figures depend on besides the code."""
    return dict(
        processor=platform.processor() or platform.machine(),
        python=platform.python_version(),
        torch=torch.__version__,
        threads=torch.get_num_threads())


def cost_table(result: dict) -> str:
    """What :func:`measure_step` returns, for people."""
    cpu, wall, spread = (result[key]
                         for key in ('cpu_ms', 'wall_ms', 'cpu_ms_range'))
    sizes = '  '.join(f'{k}={v}' for k, v in result['sizes'].items())
    lines = [
        sizes, '  '.join(f'{k}={v}' for k, v in result['machine'].items()),
        f'{"":26}{"CPU ms":>9}{"lowest":>9}{"highest":>9}{"wall ms":>9}'
    ]
    rows = ('step', *PHASES, 'yardstick', 'evaluation', 'evaluation forward',
            'evaluation semantic', 'evaluation panoptic')
    for name in (row for row in rows if row in cpu):
        low, high = spread[name]
        lines.append(f'{name:26}{cpu[name]:9.1f}{low:9.1f}{high:9.1f}'
                     f'{wall[name]:9.1f}')
    if 'yardstick' in cpu:
        ratio = cpu['step'] / cpu['yardstick']
        lines.append(f'{"step / yardstick":26}{ratio:9.2f}')
    lines.append(f'{"peak memory, MiB":26}{result["peak_mib"]:9.0f}')
    lines.append(f'{"saved for backward, MiB":26}{result["saved_mib"]:9.0f}')
    return '\n'.join(lines)
