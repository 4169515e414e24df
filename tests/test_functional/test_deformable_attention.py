import pytest
import torch
from mmcv.ops.multi_scale_deform_attn import \
    multi_scale_deformable_attn_pytorch
from torch.testing import assert_close

from dearli_mm.functional.deformable_attention import deformable_attention

SHAPES = [(2, 3), (5, 4), (7, 9)]


def test_by_hand():
    value = torch.tensor([10., 20.]).view(1, 2, 1, 1)  # one row of two pixels
    positions = torch.tensor([[0., 0.], [0.25, 0.], [1.5, 0.], [0., -1.]])
    weights = torch.tensor([1., 1., 1., 1.])
    out = [
        deformable_attention(value, [(1, 2)], p.view(1, 1, 1, 1, 1, 2),
                             w.view(1, 1, 1, 1, 1)).item()
        for p, w in zip(positions, weights)
    ]
    assert out == [10., 12.5, 10., 0.]


@pytest.mark.parametrize('spread', [1.0, 1.6])  # 1.6: many are outside
def test_equals_mmcv(spread):
    torch.manual_seed(0)
    batch, heads, width, points, queries = 2, 2, 4, 3, 11
    length = sum(h * w for h, w in SHAPES)
    value = torch.randn(batch, length, heads, width, requires_grad=True)
    shape = (batch, queries, heads, len(SHAPES), points)
    locations = (torch.rand(*shape, 2) - 0.5) * spread + 0.5
    locations.requires_grad_()
    weights = torch.rand(shape, requires_grad=True)
    size = torch.tensor([[[w, h]] for h, w in SHAPES])
    inputs = (value, locations, weights)
    expected = multi_scale_deformable_attn_pytorch(value, torch.tensor(SHAPES),
                                                   locations, weights)
    actual = deformable_attention(value, SHAPES, locations * size - 0.5,
                                  weights)
    assert_close(actual, expected)
    grad = torch.randn_like(expected)
    for ours, theirs in zip(
            torch.autograd.grad(actual, inputs, grad),
            torch.autograd.grad(expected, inputs, grad)):
        assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


def test_only_asked_gradients():
    value = torch.randn(1, 6, 1, 2)
    positions = torch.zeros(1, 1, 1, 1, 2, 2)
    weights = torch.ones(1, 1, 1, 1, 2, requires_grad=True)
    deformable_attention(value, [(2, 3)], positions, weights).sum().backward()
    assert_close(weights.grad.flatten(), value[0, 0, 0].sum().expand(2))
