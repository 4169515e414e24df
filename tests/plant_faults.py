"""Plants a fault in each key place and shows that a test notices.

    python tests/plant_faults.py

A function gets the code of its faulty version, so that whoever imported it
has the fault; a config is changed after it is read. Ends with 1 if a fault
goes unnoticed.
"""
import contextlib
import inspect
import io
import sys
import textwrap
from pathlib import Path
from typing import Callable, Iterator, NamedTuple, Tuple
from unittest import mock

import pytest

# As the tests import it.
sys.path.insert(0, str(Path(__file__).parent / 'test_configs'))
import config_names  # noqa: E402
import dearli_mm  # noqa: F401  (before mmdet, for mmcv-lite)
from mmengine.config import Config

from dearli_mm.functional import (cutmix, ema, inference, points,
                                  set_criterion)
from dearli_mm.functional.classification import geometric_ensemble
from dearli_mm.models.detectors.panoptic_cutmix import PanopticCutMix

TESTS = Path(__file__).parent


class Fault(NamedTuple):
    """A line of a function, what is planted there, and who should notice."""
    name: str
    function: Callable
    right: str
    wrong: str
    tests: Tuple[str, ...]


FAULTS = (
    Fault('void weight', set_criterion._class_loss,
          'class_weight[void] = void_weight', 'class_weight[void] = 1.0',
          ('test_functional/test_set_criterion.py', )),
    Fault('decay', ema.ema_update_, '1 - decay', 'decay',
          ('test_functional/test_ema.py', )),
    Fault('ramp', ema.ema_decay, '1 / (step + 1)', '1 / (step + 2)',
          ('test_functional/test_ema.py', )),
    Fault('alpha', geometric_ensemble,
          '(1 - weight) * log_p_in + weight * log_p_out',
          'weight * log_p_in + (1 - weight) * log_p_out',
          ('test_functional/test_classification.py', )),
    Fault('area of the box', cutmix.cutmix_box,
          'low + (high - low) * area_draw',
          'high + low * area_draw', ('test_functional/test_cutmix.py', )),
    Fault('labels in the box', cutmix._paste, 'patch + base.num_segments',
          'patch', ('test_functional/test_cutmix.py', )),
    Fault('partner', PanopticCutMix._partners, '[*range(1, batch_size), 0]',
          'list(range(batch_size))', ('test_models/test_dearli.py', )),
    Fault('overlap', inference._compete, 'share >= overlap_thr',
          'share > overlap_thr', ('test_functional/test_inference.py', )),
    Fault('void is not kept', inference.kept_queries,
          '(labels != class_logits.shape[-1] - 1) & ', '',
          ('test_functional/test_inference.py', )),
    Fault('point selection', points.uncertain_points, 'largest=False',
          'largest=True', ('test_functional/test_points.py', )),
)
# A key of all configs that have it, the wrong value, who should notice.
CONFIG_FAULTS = (
    ('learning rate', 'optim_wrapper.optimizer.lr', 1e-3),
    ('clip', 'optim_wrapper.clip_grad.max_norm', 1.0),
    ('final decay', 'custom_hooks.0.decay', 0.9),
)
_CONFIG = '[dear_clip-convnext-b_1xb8+8-80k_ade20k-1-128-640x640]'
CONFIG_TESTS = (f'test_configs/test_zoo.py::test_schedule{_CONFIG}',
                f'test_configs/test_zoo.py::test_hooks{_CONFIG}')


@contextlib.contextmanager
def planted(fault: Fault) -> Iterator[None]:
    """The function with its fault."""
    function = inspect.unwrap(fault.function)
    source = textwrap.dedent(inspect.getsource(function))
    if fault.right not in source:
        raise ValueError(f'{fault.name}: {function.__qualname__} has no '
                         f'{fault.right!r} any more; mend this script')
    scope = dict(function.__globals__)
    exec(source.replace(fault.right, fault.wrong), scope)
    code = inspect.unwrap(scope[function.__name__]).__code__
    right, function.__code__ = function.__code__, code
    try:
        yield
    finally:
        function.__code__ = right


@contextlib.contextmanager
def misread(key: str, value) -> Iterator[None]:
    """Configs with a wrong value."""
    read = Config.fromfile

    def wrong(*args, **kwargs):
        config = read(*args, **kwargs)
        *parents, last = key.split('.')
        place = config
        for part in parents:
            try:
                place = place[int(part) if part.isdigit() else part]
            except (KeyError, IndexError):
                return config
        if last in place:
            place[last] = value
        return config

    with mock.patch.object(Config, 'fromfile', wrong):
        config_names.load.cache_clear()
        yield
    config_names.load.cache_clear()


def passes(tests: Tuple[str, ...]) -> bool:
    """Whether all tests pass; their output is kept back."""
    with contextlib.redirect_stdout(io.StringIO()):
        return pytest.main([
            '-q', '-x', '-p', 'no:cacheprovider',
            *(str(TESTS / test) for test in tests)
        ]) == 0


def main() -> int:
    """Plant all faults; prints a line for each."""
    everything = {test for fault in FAULTS for test in fault.tests}
    if not passes((*sorted(everything), *CONFIG_TESTS)):
        print('tests fail without a fault: mend them first')
        return 1
    unnoticed = 0
    plans = [(fault.name, planted(fault), fault.tests) for fault in FAULTS] + [
        (name, misread(key, value), CONFIG_TESTS)
        for name, key, value in CONFIG_FAULTS
    ]
    for name, fault, tests in plans:
        with fault:
            noticed = not passes(tests)
        unnoticed += not noticed
        print(f'{name}: {"noticed by" if noticed else "NOT noticed by"} '
              f'{", ".join(tests)}', flush=True)
    return min(unnoticed, 1)


if __name__ == '__main__':
    sys.exit(main())
