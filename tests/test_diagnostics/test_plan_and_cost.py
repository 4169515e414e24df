"""A step's cost and its memory plan, on small networks."""
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from dearli_mm.diagnostics import device_check
from dearli_mm.diagnostics.device_check import check_device, compare
from dearli_mm.diagnostics.device_report import device_table
from dearli_mm.diagnostics.memory_plan import fits, plan_memory, plan_table
from dearli_mm.diagnostics.sizes import StepSizes
from dearli_mm.diagnostics.synthetic import make_batch
from dearli_mm.diagnostics.tensor_memory import LiveBytes, tells_when_freed
from dearli_mm.diagnostics.training_step import TrainingStep

BASE = Path(__file__).resolve().parents[2] / 'configs' / '_base_'
PAPER = BASE.parent / 'dearli' / (
    'dearli_clip-convnext-b_1xb8+8-80k_ade20k-1-128-640x640.py')
SMALL = dict(
    clip='dearli_tiny',
    crop=64,
    labeled=1,
    unlabeled=2,
    queries=16,
    layers=2,
    encoder_layers=1,
    classes=9,
    synonyms=20,
    points=128,
    segments=4)


needs_frees = pytest.mark.skipif(
    not tells_when_freed(), reason='this PyTorch hides when memory is freed')


@pytest.fixture
def config():
    config = Config.fromfile(BASE / 'models' / 'dearli_clip-convnext-b.py')
    config.merge_from_dict(
        Config.fromfile(BASE / 'schedules' / 'adamw_poly_80k.py').to_dict())
    object.__setattr__(config, '_format_python_code', False)
    return config


def test_bad_sizes_are_named():
    for bad, message in ((dict(crop=100), 'crop=100 is not a multiple of 32'),
                         (dict(synonyms=3), 'synonyms=3 is less than classes'),
                         (dict(segments=99), 'segments=99 is not in 1..')):
        with pytest.raises(ValueError, match=message):
            StepSizes(**{**SMALL, **bad})


def test_names_have_the_wanted_synonyms():
    names = StepSizes(**SMALL).class_names()
    assert len(names) == 9
    assert sum(len(name.split(',')) for name in names) == 20


def test_sizes_of_a_config(config):
    config.model.detector.panoptic_head.text_classifier.classes = ['a, b', 'c']
    sizes = StepSizes.of_config(config, crop=64)
    assert (sizes.clip, sizes.queries, sizes.layers, sizes.points,
            sizes.classes, sizes.synonyms) == ('convnext_base_w_320', 200, 9,
                                               12544, 2, 3)
    with pytest.raises(ValueError, match='not that of a DEARLi'):
        StepSizes.of_config(Config(dict(model=dict(type='X'))))


def test_every_image_has_the_wanted_segments():
    sizes = StepSizes(**SMALL)
    _, samples = make_batch(sizes)
    for sample in samples['labeled']:
        stuff = sample.gt_sem_seg.sem_seg.unique()
        assert len(sample.gt_instances) + (stuff < 9).sum() == sizes.segments


def test_sizes_of_the_loaders():
    sizes = StepSizes.of_config(Config.fromfile(PAPER))
    assert (sizes.crop, sizes.labeled, sizes.unlabeled) == (640, 8, 8)
    assert StepSizes.of_config(Config.fromfile(PAPER), crop=64).crop == 64


def test_check_of_this_device(config, monkeypatch):
    """One mode runs out of memory, which does not hide the others."""
    monkeypatch.setattr(device_check, 'COMPARED', SMALL)
    measure = device_check.measure

    def out_of_memory(*args, **mode):
        if mode == dict(bf16=True):
            raise torch.OutOfMemoryError('out of memory\nmuch more')
        return measure(*args, **mode)

    monkeypatch.setattr(device_check, 'measure', out_of_memory)
    result = check_device(config, StepSizes(**SMALL), 'cpu', steps=1,
                          warm_up=1)
    assert list(result['step']) == ['float32', 'bf16', 'bf16, checkpointing']
    full, half, checkpointed = result['step'].values()
    assert full['ms'] > 0 and full['yardstick_ms'] > 0 and full['ratio'] > 0
    assert full['hours'] == pytest.approx(80000 * full['ms'] / 3.6e6)
    assert half == dict(error='out of memory')
    if tells_when_freed():
        assert full['peak_mib'] == pytest.approx(full['planned_mib'], rel=0.1)
        assert full['peak_mib'] > checkpointed['peak_mib'] > 0
    for phase in ('teacher forward', 'pseudo-labels and CutMix',
                  'student forward', 'set losses', 'matching', 'backward',
                  'optimiser and clip', 'EMA'):
        assert result['phases'][phase] > 0, phase
    table = device_table(dict(result, loader=dict(labeled=100., unlabeled=8)))
    assert 'results agree with the CPU' in table
    assert 'bf16: failed: out of memory' in table
    assert 'bf16, checkpointing ' in table
    assert 'step/yardstick' in table and 'evaluation of an image: ' in table
    assert 'loader, labeled: 100.0 images/s per worker' in table


def test_a_yardstick_that_does_not_fit_leaves_the_step(config, monkeypatch):

    def out_of_memory(self):
        raise torch.OutOfMemoryError('out of memory')

    monkeypatch.setattr(device_check.Yardstick, '__call__', out_of_memory)
    found = device_check.measure(config, StepSizes(**SMALL), 'cpu', 1, 0,
                                 True, False, False)
    assert found['ms'] > 0 and found['ratio'] is None


def test_a_device_that_differs_is_told(config, monkeypatch):
    monkeypatch.setattr(device_check, 'COMPARED', SMALL)
    same = compare(config, 'cpu')
    assert same['agree'] and max(same['losses'], same['gradients']) < 1e-5
    calls = []

    def dims(value, device):  # the second step sees darker images
        calls.append(value)
        if len(calls) == 3:  # batch, teacher; batch
            return ({k: 0.9 * v for k, v in value[0].items()}, value[1])
        return value

    monkeypatch.setattr(device_check, 'to_device', dims)
    found = compare(config, 'cpu')
    assert not found['agree'] and found['gradients'] > 1e-3


@needs_frees
@pytest.mark.parametrize('bf16', [False, True])
def test_plan_is_near_what_a_step_holds(config, bf16):
    sizes = StepSizes(**dict(SMALL, crop=128))
    plan = plan_memory(config, sizes, bf16)
    step = TrainingStep(config, sizes)
    step()  # what stays is there
    with LiveBytes() as memory, torch.autocast(
            'cpu', torch.bfloat16, enabled=bf16):
        step.loss().backward()
    assert plan['temporary']['student'] == pytest.approx(memory.peak, rel=0.1)
    trained = sum(p.numel() for p in step.model.parameters()
                  if p.requires_grad)
    assert plan['parameters'] == 4 * trained
    assert plan['optimizer'] == 8 * trained


@needs_frees
def test_what_needs_less_memory(config):
    sizes = StepSizes(**dict(SMALL, crop=256))
    plain, checkpointed, both = (plan_memory(config, sizes, *options)
                                 for options in ((False, False), (False, True),
                                                 (True, True)))
    assert plain['peak'] > checkpointed['peak'] > both['peak']
    quarter = plan_memory(config, StepSizes(**dict(SMALL, crop=128)))
    assert 3 < plain['flops'] / quarter['flops'] < 4.2
    assert 'panoptic_head.criterion' in plan_table(plain, sizes)
    assert torch.zeros(1).item() == 0  # nothing fake is left behind


def test_what_fits():
    assert fits(dict(peak=11 * 2**30), 12)
    assert not fits(dict(peak=12 * 2**30), 12)
