import pytest
import torch
from mmengine.optim import build_optim_wrapper
from torch import nn

from dearli_mm.engine.optim import AmpOptimWrapper


def build(net, **changes):
    """The wrapper that --amp makes of our configs."""
    return build_optim_wrapper(
        net,
        dict(
            type='AmpOptimWrapper',
            loss_scale='dynamic',
            constructor='GroupedOptimWrapperConstructor',
            optimizer=dict(type='SGD', lr=0.5, weight_decay=0.),
            clip_grad=dict(max_norm=1.0),
            **changes))


def test_amp_of_the_tools_works_without_a_gpu():
    net = nn.Linear(2, 1, bias=False)
    nn.init.ones_(net.weight)
    wrapper = build(net)
    assert type(wrapper) is AmpOptimWrapper
    with wrapper.optim_context(net):
        output = net(torch.tensor([[3., 4.]]))
    assert output.dtype == torch.bfloat16
    wrapper.update_params(output.float().sum())
    # Gradient (3, 4), clipped to length 1.
    torch.testing.assert_close(net.weight.data, torch.tensor([[0.7, 0.6]]))


def test_accumulates():
    net = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(net.weight)
    wrapper = build(net, accumulative_counts=2)
    wrapper.initialize_count_status(net, 0, 4)
    for value, expected in ((0.5, 0.), (1., -0.375)):
        with wrapper.optim_context(net):
            loss = net(torch.tensor([[value]])).float().sum()
        wrapper.update_params(loss)
        assert net.weight.item() == pytest.approx(expected)


def test_state_of_a_run_without_mixed_precision_and_back():
    net = nn.Linear(1, 1)
    mixed = build(net)
    plain = build_optim_wrapper(
        net, dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.1)))
    mixed.load_state_dict(plain.state_dict())
    assert mixed.get_lr()['lr'] == [0.1]
    mixed.load_state_dict(mixed.state_dict())


@pytest.mark.skipif(torch.cuda.is_available(), reason='there is a GPU')
def test_float16_needs_a_gpu():
    with pytest.raises(ValueError, match=r"dtype='float16' needs a GPU.*"
                       "dtype='bfloat16'"):
        build(nn.Linear(1, 1), dtype='float16')
