"""bfloat16 autocast: what it reaches, and what stays in float32."""
import copy
from unittest import mock

import pytest
import torch
from golden_clip import golden_detector, register_golden_clip
from mmengine.optim import build_optim_wrapper
from test_clip_mask2former import CLASSES
from test_dearli import batch

from dearli_mm.models import DEARLi
from dearli_mm.models.clip import image_tower
from dearli_mm.models.heads import (clip_mask2former_head,
                                    mask_classification_fusion_head)
from dearli_mm.models.losses import set_criterion

FULL_PRECISION = [
    (set_criterion, 'matching_cost'),
    (set_criterion, 'set_loss'),
    (clip_mask2former_head, 'class_logits'),
    (clip_mask2former_head, 'geometric_ensemble'),
    (image_tower, 'mask_pool'),
    (mask_classification_fusion_head, 'batch_panoptic_inference'),
]


@pytest.fixture
def model(tmp_path):
    register_golden_clip(tmp_path)
    model = DEARLi(golden_detector(CLASSES, 2, 1))
    model.init_weights()
    return model


def bfloat16():
    return torch.autocast('cpu', dtype=torch.bfloat16)


def spy(module, name, seen):
    """Let a function note the types of its tensors, and autocast."""
    function = getattr(module, name)

    def spied(*args, **kwargs):
        result = function(*args, **kwargs)
        values = [*args, *kwargs.values()]
        values += list(result.values()) if isinstance(result, dict) else [
            result
        ]
        seen['types'] = {
            v.dtype
            for v in values
            if isinstance(v, torch.Tensor) and v.is_floating_point()
        }
        # A product tells, whichever PyTorch it is.
        seen['autocast'] = (torch.ones(1, 1)
                            @ torch.ones(1, 1)).dtype != torch.float32
        return result

    return mock.patch.object(module, name, spied)


@pytest.mark.parametrize('module,name', FULL_PRECISION,
                         ids=[name for _, name in FULL_PRECISION])
def test_stays_in_full_precision(model, module, name):
    seen = {}
    with spy(module, name, seen), bfloat16():
        model.loss(*batch())
    assert seen['types'] <= {torch.float32}
    # Nothing in batch_panoptic_inference is subject to autocast.
    assert not seen['autocast'] or name == 'batch_panoptic_inference'


def test_layers_of_both_networks_run_in_bfloat16(model):
    seen = {'student': set(), 'teacher': set()}
    for network, types in seen.items():
        head = getattr(model, network).panoptic_head
        for layer in (head.mask_embed, head.pixel_decoder.mask_feature):
            layer.register_forward_hook(
                lambda _, __, out, types=types: types.add(out.dtype))
    with bfloat16():
        model.loss(*batch())
    assert seen == {n: {torch.bfloat16} for n in seen}


def test_deformable_attention_samples_in_full_precision(model):
    seen = set()
    attention = model.student.panoptic_head.pixel_decoder.encoder.layers[
        0].self_attn
    attention.value_proj.register_forward_hook(
        lambda _, __, out: seen.add(out.dtype))
    with bfloat16():
        model.loss(*batch())
    assert seen == {torch.float32}


def test_text_classifier_is_the_same_under_autocast(model):
    text = model.student.panoptic_head.text_classifier
    torch.manual_seed(1)  # of the random text tower
    text.prepare()
    plain = text.embeddings
    text.set_classes(CLASSES)
    torch.manual_seed(1)
    with bfloat16():
        model.student.predict_queries(torch.ones(1, 3, 64, 64))
    assert torch.equal(text.embeddings, plain)


def steps(model, **wrapper):
    """Losses of three steps."""
    wrapper = build_optim_wrapper(
        model,
        dict(
            optimizer=dict(type='AdamW', lr=1e-4),
            clip_grad=dict(max_norm=0.1),
            **wrapper))
    losses = []
    for step in range(3):
        torch.manual_seed(step)
        inputs, samples = batch()
        log = model.train_step(
            dict(inputs=inputs, data_samples=samples), wrapper)
        losses.append(log['loss'].item())
    return losses


def test_steps_are_near_those_in_full_precision(model):
    other = copy.deepcopy(model)
    expected = steps(model, type='OptimWrapper')
    mixed = steps(other, type='AmpOptimWrapper', loss_scale='dynamic')
    assert mixed == pytest.approx(expected, rel=0.02)
    assert mixed != expected
    assert {p.dtype for p in other.parameters()} == {torch.float32}
    assert {
        p.grad.dtype
        for p in other.parameters() if p.grad is not None
    } <= {torch.float32}
