"""A plain ViT as backbone, and its pyramid."""
import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from torch.testing import assert_close

from dearli_mm.models.backbones import SimpleFeaturePyramid, TimmViT

TINY = 'vit_tiny_patch16_224'


@pytest.mark.parametrize('name, width', [
    (TINY, 192), ('vit_small_patch14_dinov2', 384),
    ('vit_small_patch16_dinov3', 384)])
@torch.no_grad()
def test_one_map_of_stride_16(name, width):
    vit = TimmViT(name, frozen=True)
    assert vit.out_channels == [width]
    found, = vit.train()(torch.randn(2, 3, 64, 96))
    assert found.shape == (2, width, 4, 6)
    assert not vit.training and not any(
        p.requires_grad for p in vit.parameters())


def test_what_is_no_plain_vit_is_refused():
    with pytest.raises(ValueError, match="'resnet18' cannot be built as a pl"):
        TimmViT('resnet18')
    with pytest.raises(ValueError, match="'resnet18' is no plain ViT; take"):
        TimmViT('resnet18', model_kwargs=dict(dynamic_img_size=None))


def test_pyramid():
    pyramid = SimpleFeaturePyramid(16, 8)
    wanted = torch.randn(1, 16, 4, 6)
    found = pyramid([torch.zeros(1, 3, 9, 9), wanted])
    assert [maps.shape[1:] for maps in found] == [
        (8, 16, 24), (8, 8, 12), (8, 4, 6), (8, 2, 3)]
    # The last level sees the largest of each 2 x 2.
    coarse = wanted.unflatten(2, (2, 2)).unflatten(4, (3, 2)).amax((3, 5))
    assert_close(found[3], pyramid.levels[3][1:](coarse))


@pytest.fixture
def config():
    config = Config.fromfile('configs/quickstart/dear_tiny-clip_toy-world.py')
    detector = config.model.detector
    detector.zero_shot_clip = detector.backbone
    detector.backbone = dict(type='TimmViT', model_name=TINY, frozen=True)
    detector.neck = dict(
        type='SimpleFeaturePyramid', in_channels=192, out_channels=16)
    detector.panoptic_head.in_channels = [16] * 4
    detector.panoptic_head.text_classifier.update(
        model_name='dearli_tiny', cache_dir=None, templates='plain')
    return config


def test_the_vit_is_shared_and_the_pyramid_is_not(config, monkeypatch):
    model = MODELS.build(config.model)
    student, teacher = model.student, model.teacher
    assert teacher.backbone is student.backbone
    assert teacher.neck is not student.neck
    assert not any(p.requires_grad for p in teacher.neck.parameters())
    seen = []
    student.backbone.register_forward_hook(lambda *_: seen.append(1))
    stages, images = {}, torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        expected = teacher.predict_queries(images, stages=stages)
    logits, masks = student.train().predict_queries(images, stages=stages)
    assert len(seen) == 1  # its work is done once, too
    assert_close(masks, expected[1], rtol=1e-4, atol=1e-4)
    masks.sum().backward()
    assert all(p.grad is not None for p in student.neck.parameters())


def test_other_channels_are_told(config):
    config.model.detector.panoptic_head.in_channels = [16, 16, 16, 32]
    with pytest.raises(ValueError, match='behind the neck'):
        MODELS.build(config.model)
