"""What becomes of NaN and infinity on their way to the weights."""
from types import SimpleNamespace
from unittest import mock

import pytest
import torch
from mmengine.model import BaseModel
from mmengine.optim import OptimWrapper
from torch import nn

from dearli_mm.utils import ChecksLosses, NonFiniteError, StepGuard, nonfinite


class Model(ChecksLosses, BaseModel):
    """Its loss is ``scale * sum of weights``."""

    def __init__(self):
        super().__init__()
        self.first = nn.Parameter(torch.ones(2))
        self.second = nn.Parameter(torch.ones(3))

    def forward(self, scale):
        total = scale * (self.first.sum() + self.second.sum())
        return dict(loss_a=total, loss_b=total * 0, metric=total / 0)


def make(clip_grad=None, **wrapper):
    model = Model()
    if clip_grad:
        wrapper['clip_grad'] = dict(clip_grad)  # mmengine takes the type out
    optimizer = torch.optim.SGD(model.parameters(), lr=1.)
    return model, OptimWrapper(optimizer, **wrapper)


def take_step(model, wrapper, scale=1.):
    wrapper.update_params(model.parse_losses(model(scale))[0])


def weights(model):
    return torch.cat([p.detach() for p in model.parameters()]).tolist()


@pytest.mark.parametrize('clip', [None, dict(max_norm=1e9),
                                  dict(type='value', clip_value=1e9)])
def test_finite_steps_are_taken(clip):
    model, wrapper = make(clip_grad=clip)
    StepGuard(wrapper, model)
    take_step(model, wrapper)
    assert weights(model) == [0.] * 5


@pytest.mark.parametrize('clip', [None, dict(max_norm=1.)])
def test_losses_are_named_before_the_step(clip):
    model, wrapper = make(clip_grad=clip)
    StepGuard(wrapper, model)
    with pytest.raises(NonFiniteError, match='loss: loss_a, loss_b') as error:
        take_step(model, wrapper, float('nan'))
    assert error.value.kind == 'loss'
    assert weights(model) == [1.] * 5


@pytest.mark.parametrize('clip', [None, dict(max_norm=1.),
                                  dict(type='value', clip_value=1.)])
def test_gradients_are_named_before_the_step(clip):
    model, wrapper = make(clip_grad=clip)
    StepGuard(wrapper, model)
    bad = float('nan') if clip and 'type' in clip else float('inf')
    model.second.register_hook(lambda grad: grad * bad)
    with pytest.raises(NonFiniteError, match='gradient: second$'):
        take_step(model, wrapper)
    assert weights(model) == [1.] * 5


def test_gradients_are_read_once_if_their_norm_is_clipped():
    model, wrapper = make(clip_grad=dict(max_norm=1.))
    StepGuard(wrapper, model)
    with mock.patch.object(nonfinite, '_norms') as norms:
        take_step(model, wrapper)
    norms.assert_not_called()


def test_a_norm_is_of_one_step_only():
    model, wrapper = make(clip_grad=dict(max_norm=1.))
    StepGuard(wrapper, model)
    take_step(model, wrapper)
    model.first.grad = torch.full((2, ), float('nan'))
    with pytest.raises(NonFiniteError, match='gradient: first'):
        wrapper.optimizer.step()  # not by the wrapper: nothing was clipped


@pytest.mark.parametrize('counts,scaler', [
    (2, None),
    (1, SimpleNamespace(is_enabled=lambda: True)),
])
def test_steps_that_may_be_left_out_are_not_waited_for(counts, scaler):
    model, wrapper = make(accumulative_counts=counts)
    if scaler:
        wrapper.loss_scaler = scaler
    StepGuard(wrapper, model)
    with pytest.raises(NonFiniteError, match='loss_a'):
        model.parse_losses(model(float('inf')))


def test_without_a_guard_losses_are_checked_at_once():
    model, _ = make()
    with pytest.raises(NonFiniteError, match='loss_a'):
        model.parse_losses(model(float('inf')))
