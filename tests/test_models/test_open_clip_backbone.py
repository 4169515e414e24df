import pytest
import torch
from golden_clip import register_golden_clip
from torch.testing import assert_close

from dearli_mm.functional import mask_pool
from dearli_mm.models import OpenCLIPBackbone
from dearli_mm.models.backbones import open_clip_backbone
from dearli_mm.models.clip import build_clip


@pytest.fixture
def clip_name(tmp_path):
    return register_golden_clip(tmp_path)


def test_stages(clip_name):
    backbone = OpenCLIPBackbone(clip_name, out_indices=(0, 3))
    assert backbone.out_channels == [8, 64]
    assert backbone.embed_dims == 16
    res2, res5 = backbone(torch.randn(2, 3, 64, 96))
    assert res2.shape == (2, 8, 16, 24) and res5.shape == (2, 64, 2, 3)


def test_pooling_everything_is_clips_own_image_embedding(clip_name, tmp_path):
    clip = build_clip(clip_name).eval()
    torch.save(clip.state_dict(), tmp_path / 'clip.pt')
    backbone = OpenCLIPBackbone(clip_name, str(tmp_path / 'clip.pt'))
    image = torch.randn(1, 3, 64, 64)
    dense = backbone.dense_features(backbone(image)[-1])
    pooled = mask_pool(dense, torch.ones(1, 1, 64, 64))
    with torch.no_grad():
        expected = clip.encode_image(image)
    assert_close(backbone.embed(pooled)[0], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('frozen', [True, False])
def test_frozen(clip_name, frozen):
    backbone = OpenCLIPBackbone(clip_name, frozen=frozen)
    backbone.train()
    assert backbone.visual.training is not frozen
    stages = backbone(torch.randn(1, 3, 32, 32))
    assert stages[0].requires_grad is not frozen
    if not frozen:  # what is trained gets a gradient, as DDP demands
        sum(stage.sum() for stage in stages).backward()
    for name, parameter in backbone.named_parameters():
        in_stages = name.startswith(
            ('visual.trunk.stem', 'visual.trunk.stages'))
        assert parameter.requires_grad is (in_stages and not frozen), name
        assert (parameter.grad is not None) is parameter.requires_grad, name


def test_unknown_model_and_other_trunks(tmp_path):
    with pytest.raises(ValueError, match='no_such.*not an open_clip model'):
        OpenCLIPBackbone('no_such')


def test_compiled_stages_are_a_switch(clip_name, monkeypatch):
    compiled = []
    monkeypatch.setattr(torch, 'compile', lambda f: compiled.append(f) or f)
    open_clip_backbone._compiled_stages.cache_clear()
    OpenCLIPBackbone(clip_name)(torch.randn(1, 3, 64, 64))
    assert not compiled
    backbone = OpenCLIPBackbone(clip_name, compile=True)
    assert backbone(torch.randn(1, 3, 64, 64))[3].shape == (1, 64, 2, 2)
    assert len(compiled) == 1
    open_clip_backbone._compiled_stages.cache_clear()
