import math

import pytest
import torch
from torch.testing import assert_close

from dearli_mm.functional import ema_decay, ema_update_


@pytest.mark.parametrize('key,decay,ramp', [('no_weights', 0.999, True),
                                            ('no_weights_ema09', 0.9, True),
                                            ('weights_path', 0.999, False)])
def test_decay_parity(golden, key, decay, ramp):
    ref = golden('g_ema')
    for step, expected in zip(ref['iters'].tolist(),
                              ref[f'decay_{key}'].tolist()):
        assert math.isclose(ema_decay(step, decay, ramp), expected)


@pytest.mark.parametrize('key,ramp', [('no_weights', True),
                                      ('weights_path', False)])
def test_burn_in_parity(golden, key, ramp):
    ref = golden('g_ema')
    codes = {None: math.nan, 0.0: -1.0}  # the reference's: nothing, a copy
    for step, expected in zip(ref['iters'].tolist(),
                              ref[f'decay_{key}_burnin3'].tolist()):
        decay = ema_decay(step, 0.999, ramp, burn_in=3)
        assert codes.get(decay, decay) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize('decay', [0.0, 0.5, 0.999])
def test_update_parity(golden, decay):
    ref = golden('g_ema')
    names = ['lin.weight', 'lin.bias', 'scale']
    teacher = [ref[f'teacher_before.{name}'] for name in names]
    ema_update_(teacher, [ref[f'student.{name}'] for name in names], decay)
    for name, value in zip(names, teacher):
        assert_close(value, ref[f'teacher_after_{decay}.{name}'])


def test_step_zero_copies_exactly():
    teacher, student = [torch.randn(50)], [torch.randn(50)]
    ema_update_(teacher, student, ema_decay(0))
    assert torch.equal(teacher[0], student[0])
