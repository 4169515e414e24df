"""The warm-up's decoder goes to student and teacher."""
import logging
from types import SimpleNamespace

import pytest
import torch
from golden_clip import golden_detector, register_golden_clip
from mmdet.registry import HOOKS, MODELS
from mmengine.hooks import Hook
from mmengine.logging import MessageHub
from mmengine.runner.priority import get_priority

from dearli_mm.conversion.official_checkpoint import convert_checkpoint
from dearli_mm.engine.hooks import EMATeacherHook, SAMWarmupHook
from dearli_mm.engine.hooks.ema_teacher_hook import TEACHER_IS_INITIALIZED
from dearli_mm.models import DEARLi


@pytest.fixture
def warmup(tmp_path):
    """A trained network of one class."""
    register_golden_clip(tmp_path)
    torch.manual_seed(1)
    model = MODELS.build(golden_detector(['object'], 1, 0))
    for parameter in model.panoptic_head.parameters():
        torch.nn.init.normal_(parameter)
    return model


@pytest.fixture
def runner(warmup, request, caplog):
    model = DEARLi(golden_detector(['cat', 'dog', 'sky'], 2, 1))
    model.init_weights()
    caplog.set_level(logging.INFO)
    return SimpleNamespace(
        model=model,
        message_hub=MessageHub(request.node.name),
        logger=logging.getLogger('test'),
        optim_wrapper=SimpleNamespace(_accumulative_counts=1),
        _load_from=None,
        _resume=False,
        _has_loaded=False)


def save(path, weights):
    torch.save(dict(state_dict=weights), path)
    return str(path)


def check_loaded(network, warmup):
    theirs = warmup.panoptic_head.state_dict()
    for name, value in network.panoptic_head.state_dict().items():
        assert torch.equal(value, theirs[name]), name


def test_both_networks_start_from_the_warmup(runner, warmup, tmp_path,
                                             caplog):
    path = save(tmp_path / 'warmup.pth', warmup.state_dict())
    SAMWarmupHook(path).before_train(runner)
    check_loaded(runner.model.student, warmup)
    check_loaded(runner.model.teacher, warmup)
    assert runner.model.student.panoptic_head.text_classifier.num_classes == 3
    for text in ('student and teacher start from', 'pixel decoder: ',
                 'queries: 2 tensors loaded', 'classifier: 8 tensors'):
        assert text in caplog.text
    ema = EMATeacherHook()
    ema.before_train(runner)
    assert not ema._ramps


def test_priority_is_above_that_of_the_ema():
    hook = HOOKS.build(dict(type='SAMWarmupHook', checkpoint='x'))
    assert get_priority(hook.priority) < get_priority(Hook.priority)


def test_dearli_and_bare_state_dicts_are_accepted(runner, warmup, tmp_path):
    weights = {f'student.{k}': v for k, v in warmup.state_dict().items()}
    weights.update({
        f'teacher.{k}': torch.zeros_like(v)
        for k, v in warmup.state_dict().items()
    })
    torch.save(weights, tmp_path / 'dearli.pth')
    SAMWarmupHook(str(tmp_path / 'dearli.pth')).before_train(runner)
    check_loaded(runner.model.teacher, warmup)


def test_model_without_a_teacher(runner, warmup, tmp_path):
    path = save(tmp_path / 'warmup.pth', warmup.state_dict())
    runner.model = runner.model.student
    SAMWarmupHook(path).before_train(runner)
    check_loaded(runner.model, warmup)
    assert TEACHER_IS_INITIALIZED not in runner.message_hub.runtime_info


def test_resumed_run_is_left_alone(runner, tmp_path):
    runner._resume = runner._has_loaded = True
    before = {k: v.clone() for k, v in runner.model.state_dict().items()}
    SAMWarmupHook(str(tmp_path / 'gone.pth')).before_train(runner)
    after = runner.model.state_dict()
    assert all(torch.equal(v, after[k]) for k, v in before.items())
    assert TEACHER_IS_INITIALIZED not in runner.message_hub.runtime_info


def test_resume_that_found_nothing_starts_from_the_warmup(
        runner, warmup, tmp_path):
    runner._resume = True  # --resume of a run without a checkpoint yet
    SAMWarmupHook(save(tmp_path / 'warmup.pth',
                       warmup.state_dict())).before_train(runner)
    check_loaded(runner.model.student, warmup)


def test_missing_file(runner, tmp_path, caplog):
    path = str(tmp_path / 'gone.pth')
    for checkpoint in (path, None):
        with pytest.raises(FileNotFoundError, match='configs/sam_warmup/'):
            SAMWarmupHook(checkpoint).before_train(runner)
    SAMWarmupHook(path, required=False).before_train(runner)
    assert 'starts without a warm-up' in caplog.text
    assert TEACHER_IS_INITIALIZED not in runner.message_hub.runtime_info


@pytest.mark.parametrize('change, message', [
    (lambda w: {k: v for k, v in w.items() if 'query_feat' not in k},
     r'queries: 1 tensors loaded; 1 missing \(query_feat.weight\)'),
    (lambda w: {k: v[:7] if 'query_' in k else v for k, v in w.items()},
     r'2 mismatching \(query_embed.weight \[10, 32\] here, \[7, 32\] there'),
    (lambda w: dict(w, **{
        'panoptic_head.transformer_decoder.layers.3.x': torch.ones(1)}),
     r'mask decoder: \d+ tensors loaded; 1 unexpected'),
])
def test_other_architectures_are_refused(runner, warmup, tmp_path, change,
                                         message):
    before = runner.model.student.panoptic_head.query_embed.weight.clone()
    path = save(tmp_path / 'other.pth', change(warmup.state_dict()))
    with pytest.raises(ValueError, match=message) as error:
        SAMWarmupHook(path).before_train(runner)
    assert 'another architecture' in str(error.value)
    weight = runner.model.student.panoptic_head.query_embed.weight
    assert torch.equal(weight, before)


def test_classifier_may_differ(runner, warmup, tmp_path, caplog):
    weights = warmup.state_dict()
    weights['panoptic_head.void_embedding.weight'] = torch.zeros(1, 9)
    SAMWarmupHook(save(tmp_path / 'w.pth', weights)).before_train(runner)
    assert 'classifier: 7 tensors loaded; 1 mismatching' in caplog.text


def test_files_that_are_no_warmup(runner, tmp_path):
    path = save(tmp_path / 'resnet.pth', dict(fc=torch.ones(1)))
    with pytest.raises(ValueError, match='is no warm-up'):
        SAMWarmupHook(path).before_train(runner)
    key = 'sem_seg_head.predictor.query_feat.weight'
    torch.save(dict(model={key: torch.ones(1)}), tmp_path / 'ref.pth')
    with pytest.raises(ValueError, match='official_to_dearli'):
        SAMWarmupHook(str(tmp_path / 'ref.pth')).before_train(runner)
    torch.save(dict(state_dict=runner), tmp_path / 'objects.pth')
    with pytest.raises(ValueError, match='objects.pth.*more than plain data'):
        SAMWarmupHook(str(tmp_path / 'objects.pth')).before_train(runner)


def test_warmup_of_the_reference_implementation(runner, golden, tmp_path):
    state = golden('l_student_state')
    official = {key: state[key] for key in state.arrays.files}
    torch.save(official, tmp_path / 'reference.pth')
    path = str(tmp_path / 'warmup.pth')
    convert_checkpoint(str(tmp_path / 'reference.pth'), path, True)
    SAMWarmupHook(path).before_train(runner)
    query = official['sem_seg_head.predictor.query_feat.weight']
    for network in (runner.model.student, runner.model.teacher):
        assert torch.equal(network.panoptic_head.query_feat.weight, query)
