"""The Triton kernels: on a GPU if there is one, else by Triton's interpreter.

Without a GPU the tests with ``device`` are skipped here, and run by
:func:`test_by_the_interpreter` in a process of their own, for Triton decides
when it is imported whether it compiles.
"""
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmcv.ops import MultiScaleDeformableAttention
from mmcv.ops.multi_scale_deform_attn import \
    multi_scale_deformable_attn_pytorch
from torch import nn
from torch.testing import assert_close

from dearli_mm.models.fast_paths import deformable_attention as layer
from dearli_mm.models.fast_paths import use_fast_paths
from dearli_mm.models.fast_paths.deformable_attention import SWITCH, way_on

pytest.importorskip('triton')
INTERPRETED = os.environ.get('TRITON_INTERPRET') == '1'
HERE = Path(__file__).parent


@pytest.fixture
def device():
    if not INTERPRETED and not torch.cuda.is_available():
        pytest.skip('by the interpreter, in another process')
    return torch.device('cpu' if INTERPRETED else 'cuda')


@pytest.fixture
def fresh_choice():
    way_on.cache_clear()
    yield
    way_on.cache_clear()


def attend(value, shapes, positions, weights):
    from dearli_mm.models.fast_paths.triton_attention import \
        deformable_attention
    return deformable_attention(value, shapes, positions, weights)


def in_pixels(locations, shapes):
    return locations * shapes.flip(-1)[:, None] - 0.5


@pytest.mark.skipif(
    torch.cuda.is_available(), reason='the compiled kernels are tested')
def test_by_the_interpreter():
    env = {**os.environ, 'TRITON_INTERPRET': '1', SWITCH: 'triton'}
    done = subprocess.run(
        [sys.executable, '-m', 'pytest', '-q', '-p', 'no:cacheprovider',
         __file__, '-k', 'not (choice or compiles or interpreter)'],
        env=env, capture_output=True, text=True, cwd=HERE.parents[1])
    assert done.returncode == 0, done.stdout[-3000:]
    assert 'skipped' not in done.stdout.rsplit('\n', 2)[-2]


def test_golden(device, golden):
    ref = golden('k2_msdeform_core_and_posenc')
    shapes = ref['spatial_shapes'].to(device)
    out = attend(
        ref['value'].to(device), shapes,
        in_pixels(ref['sampling_locations'].to(device), shapes),
        ref['attention_weights'].to(device))
    assert_close(out.cpu(), ref['out'], rtol=1e-5, atol=1e-6)


# Of one pixel, of one level; channels that are no power of two; more and
# fewer queries than a program takes; samples near and far outside.
@pytest.mark.parametrize('shapes, heads, channels, queries, points, spread', [
    ([(1, 1)], 1, 1, 1, 1, 3.0),
    ([(2, 3), (5, 4), (7, 9)], 3, 6, 19, 3, 1.6),
    ([(3, 8), (1, 5)], 8, 32, 16, 4, 1.0),
    ([(4, 4)], 2, 5, 40, 2, 1e10),
])
def test_equals_mmcv(device, shapes, heads, channels, queries, points, spread):
    torch.manual_seed(0)
    sizes = torch.tensor(shapes, device=device)
    length = sum(h * w for h, w in shapes)
    shape = (2, queries, heads, len(shapes), points)
    inputs = (torch.randn(2, length, heads, channels, device=device),
              (torch.rand(*shape, 2, device=device) - 0.5) * spread + 0.5,
              torch.rand(shape, device=device))
    for part in inputs:
        part.requires_grad_()
    value, locations, weights = inputs
    expected = multi_scale_deformable_attn_pytorch(value, sizes, locations,
                                                   weights)
    actual = attend(value, sizes, in_pixels(locations, sizes), weights)
    assert_close(actual, expected)
    grad = torch.randn_like(expected)
    for ours, theirs in zip(
            torch.autograd.grad(actual, inputs, grad),
            torch.autograd.grad(expected, inputs, grad)):
        assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


def test_bfloat16_values_are_added_in_float32(device):
    # 1 + 2^-9 is not in bfloat16, so that sums in it would stay 1 (256 times)
    value = torch.ones(1, 1, 1, 1, dtype=torch.bfloat16, device=device)
    value.requires_grad_()
    weights = torch.full((1, 300, 1, 1, 1), 2.0**-9, device=device)
    weights[0, 0] = 1
    positions = torch.zeros(1, 300, 1, 1, 1, 2, device=device)
    out = attend(value, torch.tensor([[1, 1]], device=device), positions,
                 weights)
    assert out.dtype == torch.bfloat16
    out.sum().backward()
    assert value.grad.item() == 1.5859375  # 1 + 299 / 512, in bfloat16


def test_layer(device):
    torch.manual_seed(0)
    module = MultiScaleDeformableAttention(
        16, num_heads=2, num_levels=1, num_points=2, batch_first=True)
    module.to(device).eval()
    # Offsets of a 256th of a pixel, which bfloat16 would lose beside 3.
    nn.init.constant_(module.sampling_offsets.bias, 3 + 2**-8)
    query = torch.rand(1, 64, 16, device=device)
    inputs = dict(
        reference_points=torch.rand(1, 64, 1, 2, device=device),
        spatial_shapes=torch.tensor([[8, 8]], device=device),
        level_start_index=torch.tensor([0], device=device))
    expected = module(query, **inputs)
    use_fast_paths(module)
    assert_close(module(query, **inputs), expected, rtol=0, atol=1e-5)
    with torch.autocast(device.type, torch.bfloat16):
        actual = module(query, **inputs)
    assert_close(actual, expected, rtol=0, atol=2e-2)


def test_check_on_first_use(device, monkeypatch):
    from dearli_mm.models.fast_paths import triton_attention
    state = torch.get_rng_state()
    with torch.inference_mode():
        triton_attention.check(device)
    assert_close(torch.get_rng_state(), state)
    monkeypatch.setattr(
        triton_attention, 'by_pytorch',
        lambda value, shapes, positions, weights: attend(
            value, torch.tensor(shapes, device=device), positions,
            2 * weights))
    with pytest.raises(AssertionError, match='not close'):
        triton_attention.check(device)


def test_compiles_for_gpus_that_are_not_here():
    """Triton and the assembler that it brings need no GPU."""
    triton = pytest.importorskip('triton', minversion='3.3')
    from dearli_mm.models.fast_paths import triton_attention as kernels
    from triton.backends.compiler import GPUTarget
    pointers = dict(value='*bf16', shapes='*i64', positions='*fp32',
                    weights='*fp32')
    numbers = dict.fromkeys(('pixels', 'queries', 'heads', 'channels',
                             'levels', 'points'), 'i32')
    sizes = dict(QUERIES=16, CHANNELS=32)
    for kernel, more in (
        (kernels._forward_kernel, dict(out='*bf16')),
        (kernels._backward_kernel, dict(
            grad='*bf16', of_value='*fp32', of_positions='*fp32',
            of_weights='*fp32'))):
        source = triton.compiler.ASTSource(
            kernel, {**pointers, **more, **numbers,
                     **dict.fromkeys(sizes, 'constexpr')}, sizes)
        done = triton.compile(source, target=GPUTarget('cuda', 80, 32))
        assert done.asm['cubin']


def test_choice_falls_back_if_the_kernel_fails(fresh_choice, monkeypatch):
    from dearli_mm.models.fast_paths import triton_attention
    said = []
    monkeypatch.delenv(SWITCH, raising=False)
    monkeypatch.setattr(layer, 'print_log', lambda *text: said.append(text[0]))
    monkeypatch.setattr(layer, 'ops_status', lambda: 'missing')

    def fails(device):
        raise RuntimeError('no C compiler')

    monkeypatch.setattr(triton_attention, 'check', fails)
    assert way_on(torch.device('cuda')) == 'pytorch'
    assert 'does not work here: RuntimeError: no C compiler' in said[0]
    assert said[1] == ('Deformable attention on cuda: PyTorch alone, in bags '
                       'of pixels')
    monkeypatch.setattr(triton_attention, 'check', lambda device: None)
    assert way_on(torch.device('cuda:1')) == 'triton'
    monkeypatch.setattr(torch, 'are_deterministic_algorithms_enabled',
                        lambda: True)
    assert way_on(torch.device('cuda:2')) == 'pytorch'
    monkeypatch.setattr(layer, 'ops_status', lambda: 'real')
    assert way_on(torch.device('cuda:3')) == 'mmcv'
    assert way_on(torch.device('cpu')) == 'pytorch'


def test_choice_by_name(fresh_choice, monkeypatch):
    monkeypatch.setenv(SWITCH, 'pytorch')
    assert way_on(torch.device('cuda')) == 'pytorch'
    monkeypatch.setenv(SWITCH, 'cuda')
    with pytest.raises(ValueError, match="'cuda' is none of"):
        way_on(torch.device('cpu'))
    monkeypatch.setenv(SWITCH, 'mmcv')
    with pytest.raises(ValueError, match='no compiled operator for cpu'):
        way_on(torch.device('cpu'))
