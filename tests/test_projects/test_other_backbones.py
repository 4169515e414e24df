"""projects/other_backbones: what is trained, what is shared, what is read."""
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.logging import MessageHub
from mmengine.optim import build_optim_wrapper
from torch.testing import assert_close

from dearli_mm.engine.hooks import EMATeacherHook
from dearli_mm.models.pixel_norm import norm_of_preprocessor, renormalize

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ROOT / 'projects/other_backbones'
NETS = ('resnet-50', 'swin-t', 'timm')
DATA = ('toy-world', 'photo-composites')


def load(net, data='toy-world', zero_shot=False) -> Config:
    middle = 'zero-shot_' if zero_shot else ''
    config = Config.fromfile(PROJECT / f'configs/{net}_{middle}{data}.py')
    head = config.model.detector.panoptic_head
    head.text_classifier.update(templates='plain', cache_dir=None)
    config.model.detector.train_cfg.num_points = 64
    return config


def build(config):
    torch.manual_seed(0)
    return MODELS.build(config.model)


@pytest.mark.parametrize('data', DATA)
@pytest.mark.parametrize('net', NETS)
def test_both_data_sets_train_the_same_network(net, data):
    plain, zero_shot = (load(net, data, which) for which in (False, True))
    expected = load(net).model.detector
    for config in (plain, zero_shot):
        assert config.model.detector.backbone == expected.backbone
        assert config.optim_wrapper == load(net).optim_wrapper
        assert '://' not in str(config.model)  # nothing is downloaded
        root = config.val_dataloader.dataset.data_root
        assert data.replace('-', '_') in root
        hooks = [hook.type for hook in config.custom_hooks]
        assert hooks == ['EMATeacherHook', 'TeacherMonitorHook']
    assert 'zero_shot_clip' not in plain.model.detector
    assert zero_shot.model.detector.test_cfg.alpha > 0
    assert zero_shot.model.detector.zero_shot_clip.model_name == \
        zero_shot.model.detector.panoptic_head.text_classifier.model_name


@pytest.mark.parametrize('net', NETS)
def test_training_moves_the_teachers_own_backbone(net):
    """With the frozen CLIP beside it, which exists once."""
    config = load(net, zero_shot=True)
    model = build(config)
    student, teacher = model.student, model.teacher
    assert teacher.zero_shot_clip is student.zero_shot_clip
    assert teacher.clip is student.clip is student.zero_shot_clip
    assert not any('teacher.zero_shot_clip' in k for k in model.state_dict())
    pairs = list(zip(student.backbone.parameters(),
                     teacher.backbone.parameters()))
    assert all(s is not t and not t.requires_grad for s, t in pairs)
    assert any(s.requires_grad for s, _ in pairs)

    hook = EMATeacherHook(decay=0.75, ramp=False)
    runner = SimpleNamespace(
        model=model,
        message_hub=MessageHub(f'other_backbones_{net}'),
        optim_wrapper=SimpleNamespace(_accumulative_counts=1),
        iter=0, max_iters=100, _load_from=None, _resume=False)
    hook.before_train(runner)
    clip = {k: v.clone() for k, v in student.clip.state_dict().items()}
    before = [t.clone() for _, t in pairs]
    model.train()
    loss = sum(f.square().mean() for f in
               student.backbone(torch.randn(2, 3, 64, 64)))
    loss.backward()
    with torch.no_grad():
        for s, _ in pairs:
            if s.requires_grad:
                assert s.grad is not None
                s -= 0.1 * s.grad + 0.01
    hook.after_train_iter(runner, 0)
    for (s, t), old in zip(pairs, before):
        assert_close(t, 0.75 * old + 0.25 * s.detach())
    for (name, s), t in zip(student.backbone.named_buffers(),
                            teacher.backbone.buffers()):
        assert torch.equal(s, t), name  # statistics are the student's
    for name, value in student.clip.state_dict().items():
        assert torch.equal(value, clip[name])


def test_a_frozen_backbone_exists_once():
    config = load('timm')
    config.model.detector.backbone.frozen = True
    model = build(config)
    assert model.teacher.backbone is model.student.backbone
    config = load('resnet-50')
    config.model.detector.backbone.update(frozen_stages=4)
    model = build(config)
    assert model.teacher.backbone is model.student.backbone
    assert model.student.clip is None


@pytest.mark.parametrize('net', NETS)
def test_the_backbone_learns_at_a_tenth_of_the_rate(net):
    config = load(net)
    student = build(config).student
    model = torch.nn.ModuleDict(dict(student=student))
    optimizer = build_optim_wrapper(model, config.optim_wrapper).optimizer
    group_of = {
        id(p): group
        for group in optimizer.param_groups for p in group['params']
    }
    for name, p in student.named_parameters():
        assert group_of[id(p)]['lr'] == pytest.approx(
            1e-4 if name.startswith('backbone.') else 1e-3), name
    for name, module in student.backbone.named_modules():
        if isinstance(module, (torch.nn.BatchNorm2d, torch.nn.LayerNorm)):
            assert group_of[id(module.weight)]['weight_decay'] == 0, name
    assert len(optimizer.param_groups) == 4


@torch.no_grad()
def test_clip_and_backbone_get_their_own_normalisation():
    model = build(load('timm', zero_shot=True)).eval()
    pixels = [torch.randint(0, 256, (3, 64, 64), dtype=torch.uint8)]
    batch = model.data_preprocessor(
        dict(inputs=pixels, data_samples=None))['inputs']
    seen = {}
    for name in ('backbone', 'zero_shot_clip'):
        getattr(model.student, name).register_forward_pre_hook(
            lambda _, args, name=name: seen.update({name: args[0]}))
    model.student.predict_queries(batch)
    rgb = pixels[0].flip(0).float()
    for name, mean, std in (
        ('backbone', (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
        ('zero_shot_clip', (122.7709383, 116.7460125, 104.09373615),
         (68.5005327, 66.6321579, 70.32316305))):
        expected = (rgb - torch.tensor(mean).view(3, 1, 1)) / \
            torch.tensor(std).view(3, 1, 1)
        assert_close(seen[name][0], expected, rtol=1e-4, atol=1e-4)
    again = renormalize(batch,
                        norm_of_preprocessor(model.teacher.data_preprocessor),
                        model.teacher.clip.pixel_norm)
    assert_close(again, seen['zero_shot_clip'])


@pytest.mark.parametrize('net', NETS)
def test_weights_by_path(net, tmp_path):
    text = (PROJECT / f'configs/{net}_toy-world.py').read_text()
    path = tmp_path / 'config.py'
    path.write_text(
        text.replace('../../..', str(ROOT)).replace(
            'weights = None', "weights = 'nowhere.pth'"))
    config = Config.fromfile(path)
    assert config.model.detector.backbone.get('norm_eval', True)
    assert not load(net).model.detector.backbone.get('norm_eval', False)
    config.model.detector.panoptic_head.text_classifier.update(
        templates='plain', cache_dir=None)
    with pytest.raises(FileNotFoundError, match='nowhere.pth'):
        build(config).init_weights()


def test_the_readme_shows_the_five_lines():
    shown, = re.findall(r'```python\n(.*?)```',
                        (PROJECT / 'README.md').read_text(), re.S)
    text = (PROJECT / 'configs/resnet-50_toy-world.py').read_text()
    assert f'\n{shown}' in text
    statements = re.findall(r'^(?:model\.|optim_wrapper)', shown, re.M)
    assert len(statements) == 5


def test_commands_of_the_readme_name_files_that_are_there():
    text = (PROJECT / 'README.md').read_text()
    named = re.findall(r'projects/other_backbones/configs/\S+\.py', text)
    assert named and all((ROOT / name).is_file() for name in named)
    frozen = list((PROJECT / 'configs').glob('*_ade20k.py'))
    assert frozen and all(f'`{path.name}`' in text for path in frozen)
