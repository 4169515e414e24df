"""What becomes of NaN and infinity on their way to the weights."""
import pytest
import torch
from mmengine.model import BaseModel
from mmengine.optim import OptimWrapper
from torch import nn

from dearli_mm.engine.optim import AmpOptimWrapper
from dearli_mm.utils import (ChecksLosses, NonFiniteError,
                             refuse_nonfinite_gradients)


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
    wrapper = OptimWrapper(optimizer, **wrapper)
    refuse_nonfinite_gradients(wrapper, model)
    return model, wrapper


def take_step(model, wrapper, scale=1.):
    wrapper.update_params(model.parse_losses(model(scale))[0])


def weights(model):
    return torch.cat([p.detach() for p in model.parameters()]).tolist()


CLIPS = [None, dict(max_norm=1e9), dict(type='value', clip_value=1e9)]


@pytest.mark.parametrize('clip', CLIPS)
def test_finite_steps_are_taken(clip):
    model, wrapper = make(clip_grad=clip)
    take_step(model, wrapper)
    assert weights(model) == [0.] * 5


def test_losses_are_named_before_the_step():
    model, wrapper = make()
    with pytest.raises(NonFiniteError, match='loss: loss_a, loss_b') as error:
        take_step(model, wrapper, float('nan'))
    assert error.value.kind == 'loss'
    assert weights(model) == [1.] * 5


@pytest.mark.parametrize('clip', CLIPS)
def test_gradients_are_named_before_the_step(clip):
    model, wrapper = make(clip_grad=clip)
    bad = float('nan') if clip and 'type' in clip else float('inf')
    model.second.register_hook(lambda grad: grad * bad)
    with pytest.raises(NonFiniteError, match='gradient: second$'):
        take_step(model, wrapper)
    assert weights(model) == [1.] * 5


@pytest.mark.skipif(
    not hasattr(torch.amp, 'GradScaler'), reason='scalers of GPUs only')
def test_overflows_of_fp16_lower_the_scale():
    """A real scaler, with the fused optimiser that looks at it itself."""
    model = Model()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1., fused=True)
    wrapper = AmpOptimWrapper(
        optimizer=optimizer, clip_grad=dict(max_norm=1.))
    wrapper.loss_scaler = torch.amp.GradScaler(
        'cpu', init_scale=2.**127, enabled=True)
    refuse_nonfinite_gradients(wrapper, model)
    scales = []
    for _ in range(3):
        before = weights(model)
        take_step(model, wrapper, 4.)  # 4 * 2**127 is above float32
        scales.append(wrapper.loss_scaler.get_scale())
        if len(scales) < 3:
            assert weights(model) == before
    assert scales == [2.**126, 2.**125, 2.**125]
    assert weights(model) != [1.] * 5
    with pytest.raises(NonFiniteError, match='loss_a'):
        take_step(model, wrapper, float('inf'))
