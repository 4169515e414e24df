"""Our ways through mmcv's and mmdet's layers: the same results."""
import copy

import pytest
import torch
from golden_clip import pixel_decoder
from mmcv.cnn.bricks.transformer import MultiheadAttention
from mmdet.registry import MODELS
from mmengine.config import ConfigDict
from test_parity import _close, _renamed
from torch import nn
from torch.testing import assert_close

from dearli_mm.functional import Match
from dearli_mm.models.fast_paths import use_fast_paths
from dearli_mm.models.layers import MaskedAttention, MaskLogits

PIXEL_DECODER = dict(
    in_channels=[8, 16, 32, 64], feat_channels=32, out_channels=32)


def gradients(module):
    return {name: p.grad for name, p in module.named_parameters()}


def assert_same_gradients(ours, theirs):
    for name, gradient in gradients(theirs).items():
        assert_close(gradients(ours)[name], gradient, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize('masked', [False, True])
def test_attention_equals_mmcv(masked):
    theirs = MultiheadAttention(16, 4, batch_first=True)
    ours = copy.deepcopy(theirs)
    ours.__class__ = MaskedAttention
    query, key = torch.randn(2, 5, 16), torch.randn(2, 7, 16)
    positions = dict(query_pos=torch.randn(2, 5, 16),
                     key_pos=torch.randn(2, 7, 16))
    visible = torch.rand(2, 5, 7) > 0.4
    visible[..., 0] = True
    blocked = ~visible.repeat_interleave(4, 0)
    expected = theirs(query, key, key, **positions,
                      attn_mask=blocked if masked else None)
    actual = ours(query, key, key, **positions,
                  attn_mask=visible if masked else None)
    assert_close(actual, expected)
    expected.square().sum().backward()
    actual.square().sum().backward()
    assert_same_gradients(ours, theirs)


@pytest.fixture
def decoders():
    config = dict(pixel_decoder(64), type='MSDeformAttnPixelDecoder')
    theirs = MODELS.build(ConfigDict(config, **PIXEL_DECODER))
    for parameter in theirs.parameters():
        nn.init.normal_(parameter, std=0.2)
    ours = MODELS.build(ConfigDict(pixel_decoder(64), **PIXEL_DECODER))
    ours.load_state_dict(theirs.state_dict())  # the same names
    use_fast_paths(ours)
    return ours, theirs


@pytest.mark.parametrize('size', [(64, 64), (64, 96)])
def test_pixel_decoder_equals_mmdet(decoders, size):
    features = [
        torch.randn(2, width, size[0] // stride, size[1] // stride)
        for width, stride in zip((8, 16, 32, 64), (4, 8, 16, 32))
    ]
    results = []
    for module in decoders:
        masks, maps = module(features)
        sum(x.square().mean() for x in (masks, *maps)).backward()
        results.append((masks, *maps))
    for ours, theirs in zip(*results):
        assert_close(ours, theirs, rtol=1e-3, atol=1e-4)
    assert_same_gradients(*decoders)


@pytest.mark.parametrize('fast', [False, True])
def test_pixel_decoder_parity(golden, fast):
    ref = golden('k_pixel_decoder')
    module = MODELS.build(ConfigDict(pixel_decoder(64), **PIXEL_DECODER))
    if fast:
        use_fast_paths(module)
    prefix = 'panoptic_head.pixel_decoder.'
    state = _renamed(ref.group('state:'), 'sem_seg_head.pixel_decoder.')
    module.load_state_dict({k[len(prefix):]: v for k, v in state.items()})
    mask_features, scales = module([ref[f'res{i}'] for i in range(2, 6)])
    _close(mask_features.detach(), ref['mask_features'])
    for index, scale in enumerate(scales):
        _close(scale.detach(), ref[f'ms{index}'])


def test_mask_logits_are_products():
    embeds = torch.randn(3, 2, 4, 8)
    features = torch.randn(2, 8, 5, 6)
    masks = MaskLogits(embeds, features)
    dense = torch.einsum('lbqc,bchw->lbqhw', embeds, features)
    assert len(masks) == 3
    assert_close(torch.stack(list(masks)), dense)
    assert_close(masks.of_images(slice(1, 2))[-1], dense[-1, 1:])
    match = Match(
        torch.tensor([[0, 1, 1]] * 3), torch.tensor([[3, 0, 2], [1, 1, 0],
                                                     [2, 3, 1]]),
        torch.zeros(3, 3, dtype=torch.long))
    layer = torch.arange(3)[:, None]
    assert_close(
        masks.pairs(match, [1, 2]), dense[layer, match.image, match.query])
