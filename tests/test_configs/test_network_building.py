"""Every network of the zoo can be built; sizes without numbers (meta)."""
import copy
import json

import open_clip
import pytest
import torch
from config_names import ROOT, load, spec_of, zoo
from mmdet.registry import MODELS

import dearli_mm  # noqa: F401
from dearli_mm.models.backbones import open_clip_backbone
from dearli_mm.models.clip import parse_classes
from dearli_mm.models.detectors import clip_mask2former
from dearli_mm.models.pixel_norm import PixelNorm

WIDTHS = {'clip-convnext-b': (640, 1024), 'clip-convnext-l': (768, 1536)}


def distinct():
    """One config of each network; splits do not change it."""
    paths = {json.dumps(load(path).model): path for path in zoo()[::-1]}
    return sorted(paths.values())


@pytest.fixture
def build(monkeypatch):
    """Builds a network without weights and without memory."""
    def tower(model_name, pretrained=None):
        return open_clip.create_model(
            model_name,
            device='meta',
            force_custom_text=True,
            pretrained_image=False)

    monkeypatch.setattr(open_clip_backbone, 'build_clip', tower)

    def build_of(path):
        config = copy.deepcopy(load(path).model)
        network = config.get('detector', config)
        for tower in (network.backbone, network.get('zero_shot_clip') or {}):
            if 'pretrained' in tower:
                tower.pretrained = None
        if 'pretrained' in network.panoptic_head.text_classifier:
            network.panoptic_head.text_classifier.pretrained = None
        with torch.device('meta'):
            return MODELS.build(config)

    return build_of


@pytest.mark.parametrize('path', distinct(), ids=lambda path: path.stem)
def test_network(path, build):
    spec, model = spec_of(path), build(path)
    network = getattr(model, 'student', model)
    head = network.panoptic_head
    classes = network.panoptic_fusion_head.num_classes
    assert head.text_classifier.num_classes == head.num_classes == classes
    trained = {name.split('.')[0] for name, p in network.named_parameters()
               if p.requires_grad}
    if spec.network == 'r50':
        assert network.clip is None
        assert trained == {'backbone', 'panoptic_head'}
        assert head.cls_embed[-1].out_features == 640
    else:
        width, channels = WIDTHS[spec.network]
        clip = network.clip
        assert trained == {'panoptic_head'}
        assert clip.out_channels == load(path).model.get(
            'detector', load(path).model).panoptic_head.in_channels
        pooled = torch.zeros(1, 2, channels, device='meta')
        assert clip.embed(pooled).shape == (1, 2, width)
        assert clip.embed_dims == head.cls_embed[-1].out_features == width
    if model is not network:
        assert not any(p.requires_grad for p in model.teacher.parameters())
        # A frozen tower is the student's; a trained one is the teacher's own.
        own = any(name.startswith('backbone.')
                  for name in model.teacher.state_dict())
        assert own == (spec.network == 'r50')


@pytest.mark.parametrize('warmup, path', [
    (warmup, path) for warmup in zoo() for path in distinct()
    if spec_of(warmup).method == 'sam-warmup'
    and spec_of(path).network == spec_of(warmup).network
    and spec_of(path).data == spec_of(warmup).data
    and spec_of(path).method in ('dear', 'dearli', 'zero-shot')
], ids=lambda path: path.stem)
def test_warm_up_fits(warmup, path, build):
    """Which also says that the head's weights do not depend on classes."""
    model = build(path)
    network = getattr(model, 'student', model)
    shapes = [{name: value.shape for name, value in m.state_dict().items()}
              for m in (build(warmup), network)]
    assert shapes[0] == shapes[1]


def test_prompts_are_those_of_the_dataset():
    for path in distinct():
        config = load(path)
        if 'sam-warmup' not in path.stem:
            text = config.model.get('detector', config.model) \
                .panoptic_head.text_classifier
            assert parse_classes(text.classes) == parse_classes(
                config.class_prompts)


def test_missing_weights_stop_the_run():
    path = ROOT / 'configs/dear' / (
        'dear_clip-convnext-b_1xb8+8-80k_ade20k-1-128-640x640.py')
    with pytest.raises(
            FileNotFoundError,
            match=r'no CLIP weights.*convnext_base_w_320.*get open_clip'):
        MODELS.build(load(path).model)


@pytest.mark.parametrize('path', sorted(
    (ROOT / 'projects/other_backbones/configs').glob('*_ade20k.py')),
    ids=lambda path: path.stem)
def test_trunk_and_recogniser_apart(path, build, monkeypatch):
    # The preprocessor's numbers, which on meta nobody can read.
    monkeypatch.setattr(clip_mask2former, 'norm_of_preprocessor',
                        lambda preprocessor: PixelNorm())
    model = build(path)
    student, teacher = model.student, model.teacher
    assert teacher.backbone is student.backbone  # frozen: both exist once
    assert teacher.clip is student.clip is student.zero_shot_clip
    trained = {name.split('.')[0] for name, p in student.named_parameters()
               if p.requires_grad}
    assert trained == {'panoptic_head', *(
        ['neck'] if student.with_neck else [])}
    pixels = torch.zeros(1, 3, 64, 96, device='meta')
    assert [list(maps.shape) for maps in student.extract_feat(pixels)] == [
        [1, channels, 64 // stride, 96 // stride] for stride, channels in zip(
            (4, 8, 16, 32),
            load(path).model.detector.panoptic_head.in_channels)]
