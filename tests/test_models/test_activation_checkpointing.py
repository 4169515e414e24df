"""Activation checkpointing: the same numbers from less memory."""
import copy

import pytest
import torch
from golden_clip import golden_detector, register_golden_clip
from mmdet.registry import MODELS
from test_clip_mask2former import CLASSES, make_sample
from torch import nn

from dearli_mm.models import DEARLi
from dearli_mm.models.layers.pixel_decoder import run_layer


@pytest.fixture
def config(tmp_path):
    register_golden_clip(tmp_path)
    return golden_detector(CLASSES, 2, 1)


def loss_and_saved_bytes(model, autocast=False):
    """Losses, gradients, and bytes that wait for the backward pass."""
    saved = {}

    def pack(tensor):
        storage = tensor.untyped_storage()
        saved[storage.data_ptr()] = storage.nbytes()
        return tensor

    torch.manual_seed(3)
    image = torch.randn(2, 3, 64, 64)
    weights = {p.untyped_storage().data_ptr() for p in model.parameters()}
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t), \
            torch.autocast('cpu', torch.bfloat16, enabled=autocast):
        losses = model.loss(image, [make_sample()] * 2)
        total = sum(losses.values())
    size = sum(n for pointer, n in saved.items() if pointer not in weights)
    total.backward()
    return losses, {
        name: p.grad
        for name, p in model.named_parameters() if p.grad is not None
    }, size


@pytest.mark.parametrize('autocast', [False, True])
@pytest.mark.parametrize('part', ['head', 'backbone'])
def test_same_losses_and_gradients_of_less_memory(config, part, autocast):
    config['backbone']['frozen'] = part == 'head'
    other = copy.deepcopy(config)
    key = dict(head='panoptic_head', backbone='backbone')[part]
    other[key]['with_cp'] = True
    plain, checkpointed = MODELS.build(config).train(), MODELS.build(
        other).train()
    checkpointed.load_state_dict(plain.state_dict())  # the same names
    text = plain.panoptic_head.text_classifier
    text.prepare()
    checkpointed.panoptic_head.text_classifier.embeddings = text.embeddings
    losses, gradients, size = loss_and_saved_bytes(plain, autocast)
    losses_cp, gradients_cp, size_cp = loss_and_saved_bytes(
        checkpointed, autocast)
    assert losses == losses_cp
    assert gradients.keys() == gradients_cp.keys()
    for name, gradient in gradients.items():
        torch.testing.assert_close(gradients_cp[name], gradient)
    assert size_cp < (0.7 if part == 'head' else 0.95) * size


def test_only_our_pixel_decoder_can(config):
    config['panoptic_head']['with_cp'] = True
    config['panoptic_head']['pixel_decoder']['type'] = \
        'MSDeformAttnPixelDecoder'
    with pytest.raises(ValueError, match="type='DeformablePixelDecoder'"):
        DEARLi(config)


class Count(nn.Module):
    """Counts its runs; drops half of what it gets."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(100))
        self.masks = []

    def forward(self, x, *, scale):
        dropped = nn.functional.dropout(x * self.weight * scale)
        self.masks.append(dropped.detach() != 0)
        return dropped.square()


def test_second_run_draws_the_same_random_numbers():
    layer = Count()
    x = torch.ones(100)
    run_layer(layer, True, x=x, scale=2.).sum().backward()
    assert len(layer.masks) == 2
    assert torch.equal(*layer.masks)


def test_without_gradient_a_layer_runs_once():
    layer = Count()
    with torch.no_grad():
        run_layer(layer, True, x=torch.ones(100), scale=2.)
    assert len(layer.masks) == 1
