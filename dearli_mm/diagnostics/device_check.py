"""Is this machine right and fast? Its results, its step, its waits."""
import contextlib
import platform
import warnings
from dataclasses import asdict
from typing import Any, Callable, Dict, Iterator, List, Tuple
from unittest import mock

import pandas as pd
import torch
from mmengine.config import Config
from torch import Tensor

from ..compat import ops_status
from ..models.fast_paths.deformable_attention import WAYS, way_on
from ..stack import versions
from .memory_plan import plan_memory
from .phases import PhaseTimer
from .sizes import StepSizes
from .tensor_memory import peak_bytes, tells_when_freed
from .training_step import TrainingStep, to_device
from .yardstick import Yardstick

# Products of float32 are exact in the first mode alone.
MODES = {
    'float32': {},
    'TF32': {},
    'bf16': dict(bf16=True),
    'bf16, checkpointing': dict(bf16=True, checkpointing=True),
}
# Of the step whose results are compared: small, so that sums are short.
COMPARED = dict(crop=128, labeled=2, unlabeled=2, queries=20, layers=2,
                encoder_layers=2, points=1024, segments=6)
TOLERANCE = 1e-3


def check_device(config: Config,
                 sizes: StepSizes,
                 device: str,
                 steps: int = 7,
                 warm_up: int = 3,
                 yardstick: bool = True) -> dict:
    """Check a device: right first, then fast; prints what comes next.

    Args:
        config (Config): With ``model`` and ``optim_wrapper``; hours are those
            of its ``train_cfg.max_iters``.
        sizes (StepSizes): Sizes of the step that is measured.
        device (str): Such as 'cuda' or 'cpu'.
        steps (int): Measured steps of each mode.
        warm_up (int): Steps before them.
        yardstick (bool): Whether to measure a :class:`Yardstick`, too.

    Returns:
        dict: ``machine``, ``sizes``, ``results`` (see :func:`compare`),
        ``step`` (by mode, see :func:`measure`; what failed has an ``error``
        alone), ``phases`` (milliseconds), ``waits`` (on a GPU: how often a
        step waits for it, where, and how many kernels it launches) and
        ``evaluation`` of one image (milliseconds).
    """
    result: Dict[str, Any] = dict(machine=machine(device), sizes=asdict(sizes))
    print('the same step on the CPU and here ...')
    result['results'] = compare(config, device)
    result['step'] = {}
    for name, mode in MODES.items():
        if name == 'TF32' and not _is_cuda(device):
            continue
        print(f'the step in {name} ...')
        try:
            with _tf32(name != 'float32'):
                result['step'][name] = measure(config, sizes, device, steps,
                                               warm_up, yardstick, **mode)
        except (RuntimeError, NotImplementedError) as error:
            # Out of memory, most likely; other modes may fit.
            result['step'][name] = dict(error=str(error).split('\n')[0])
        if _is_cuda(device):
            torch.cuda.empty_cache()
    print('its phases ...')
    torch.manual_seed(0)
    step = TrainingStep(config, sizes, device, bf16=_is_cuda(device))
    for _ in range(warm_up):
        step()
    result['waits'] = _waits(step, device) if _is_cuda(device) else None
    result['evaluation'] = _spent([step.evaluate], device, steps,
                                  1).wall.median()
    step.time_phases()
    phases = []
    for _ in range(steps):
        step.timer.restart()
        step()
        phases.append(dict(step.timer.wall))
    result['phases'] = pd.DataFrame(phases).median().to_dict()
    return result


def machine(device: str) -> Dict[str, Any]:
    """What figures depend on besides the code."""
    return dict(
        device=torch.cuda.get_device_name(device) if _is_cuda(device) else
        platform.processor() or platform.machine(),
        python=platform.python_version(),
        threads=torch.get_num_threads(),
        operators=ops_status(),
        attention=WAYS[way_on(torch.device(device))],
        **versions())


def compare(config: Config, device: str) -> dict:
    """One step on the CPU and on the device, in float32.

    Weights, batch and all random numbers are the same.

    Returns:
        dict: ``losses`` and ``gradients``: the largest relative difference
        (of a gradient: to its largest value, or to a thousandth of that of
        all gradients), ``gradient`` (the name of the worst), ``agree``
        (whether both are below 1e-3).
    """
    sizes = StepSizes(**COMPARED)
    (losses, gradients), (ours, our_gradients) = (
        _one_step(config, sizes, where) for where in ('cpu', device))
    of_losses = max(abs(ours[name] - value) / max(abs(value), 1e-9)
                    for name, value in losses.items())
    largest = max(float(value.abs().max()) for value in gradients.values())
    # Some gradients are nothing but rounding: a bias of keys, for instance,
    # which softmax does not see. Those are compared with the others.
    of_gradients = {
        name: float((our_gradients[name] - value).abs().max())
        / max(float(value.abs().max()), 1e-3 * largest, 1e-12)
        for name, value in gradients.items()
    }
    worst = max(of_gradients, key=of_gradients.get)
    return dict(
        losses=of_losses, gradients=of_gradients[worst], gradient=worst,
        agree=max(of_losses, of_gradients[worst]) < TOLERANCE)


def _one_step(config: Config, sizes: StepSizes, device: str
              ) -> Tuple[Dict[str, float], Dict[str, Tensor]]:
    """Losses and gradients, by name."""
    rand = torch.rand

    def rand_of_host(*size, device=None, **kwargs) -> Tensor:
        return rand(*size, **kwargs).to(device or 'cpu')

    torch.manual_seed(0)
    step = TrainingStep(config, sizes)
    step.model.to(device)
    teacher, batch = step.model.teacher, to_device(step.batch, device)
    forced = teacher.predict_queries
    torch.manual_seed(1)
    with _tf32(False), mock.patch('torch.rand', rand_of_host), \
            mock.patch.object(
                teacher, 'predict_queries',
                lambda *images: to_device(forced(*images), device)):
        losses = step.model.loss(*batch)
        step.model.parse_losses(losses)[0].backward()
    return {name: value.item() for name, value in losses.items()}, {
        name: p.grad.cpu() for name, p in step.model.named_parameters()
        if p.grad is not None}


def measure(config: Config, sizes: StepSizes, device: str, steps: int,
            warm_up: int, yardstick: bool, bf16: bool = False,
            checkpointing: bool = False) -> dict:
    """Time and memory of a step.

    Returns:
        dict: ``ms``, ``lowest``, ``highest`` (wall time), ``cpu_ms``,
        ``images_per_s``, ``hours`` (of the schedule), ``peak_mib`` (of
        tensors; None if this PyTorch cannot tell), ``planned_mib``,
        ``yardstick_ms`` and ``ratio`` (of CPU times on a CPU; None without).
    """
    torch.manual_seed(0)
    runs: List[Callable] = []

    def first_steps() -> None:
        runs.append(TrainingStep(config, sizes, device, bf16, checkpointing))
        runs[0]()  # which makes the optimiser's moments
        runs[0]()

    peak = peak_bytes(first_steps, device)
    with contextlib.suppress(RuntimeError):  # it may be what does not fit
        if yardstick:
            other = Yardstick(config, sizes, device, bf16)
            other()
            runs.append(other)
    spent = _spent(runs, device, steps, warm_up)
    wall, cpu = spent.wall.unstack(), spent.cpu.unstack()
    ms = wall[0].median()
    ratios = (wall if _is_cuda(device) else cpu).median()
    max_iters = config.get('train_cfg', {}).get('max_iters')
    plan = plan_memory(config, sizes, bf16, checkpointing)['peak'] \
        if tells_when_freed() else None
    return dict(
        ms=ms, lowest=wall[0].min(), highest=wall[0].max(),
        cpu_ms=cpu[0].median(),
        images_per_s=1000 * (sizes.labeled + sizes.unlabeled) / ms,
        hours=max_iters and max_iters * ms / 3.6e6,
        peak_mib=peak and peak / 2**20,
        planned_mib=plan and plan / 2**20,
        yardstick_ms=wall[1].median() if len(runs) > 1 else None,
        ratio=ratios[0] / ratios[1] if len(runs) > 1 else None)


def _spent(runs: List[Callable], device: str, steps: int,
           warm_up: int) -> pd.DataFrame:
    """``wall`` and ``cpu`` milliseconds by step and number of the run.

    In turns: a busy spell of the machine meets all alike.
    """
    rows = {}
    for k in range(-warm_up, steps):
        for number, run in enumerate(runs):
            timer = PhaseTimer(device)
            with timer.phase('all'):
                run()
            if k >= 0:
                rows[k, number] = dict(wall=timer.wall['all'],
                                       cpu=timer.cpu['all'])
    return pd.DataFrame.from_dict(rows, orient='index')


def _waits(step: TrainingStep, device: str) -> dict:
    """How often the host waits for the GPU in a step, and what it launches."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter('always')
        torch.cuda.set_sync_debug_mode('warn')
        try:
            step()
        finally:
            torch.cuda.set_sync_debug_mode('default')
    places = [f'{w.filename}:{w.lineno}' for w in seen
              if 'synchroniz' in str(w.message).lower()]
    kinds = torch.profiler.ProfilerActivity
    with torch.profiler.profile(activities=[kinds.CPU, kinds.CUDA]) as record:
        step()
        torch.cuda.synchronize(device)
    launches = sum(event.count for event in record.key_averages()
                   if 'LaunchKernel' in event.key)
    return dict(count=len(places), places=sorted(set(places)),
                launches=launches)


@contextlib.contextmanager
def _tf32(enabled: bool) -> Iterator[None]:
    """Whether products of float32 may lose 13 bits inside."""
    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    before = matmul.allow_tf32, cudnn.allow_tf32
    matmul.allow_tf32 = cudnn.allow_tf32 = enabled
    try:
        yield
    finally:
        matmul.allow_tf32, cudnn.allow_tf32 = before


def _is_cuda(device: str) -> bool:
    return torch.device(device).type == 'cuda'
