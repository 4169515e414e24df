"""Image towers of all kinds of CNN, in small, of the real classes."""
import json

import open_clip
import pytest
import torch
from mmengine.model import convert_sync_batchnorm
from torch import nn
from torch.testing import assert_close

from dearli_mm.functional import mask_pool
from dearli_mm.models import OpenCLIPBackbone
from dearli_mm.models.clip import build_clip

TEXT = dict(context_length=77, vocab_size=49408, width=16, heads=2, layers=1)
TIMM = ('resnet18', 'regnety_002', 'tf_efficientnet_lite0')
MORE = ('edgenext_xx_small', 'mobilenetv3_small_050')
RESNET = 'tower_openai'


@pytest.fixture(scope='module', autouse=True)
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp('clips')
    visions = {
        f'tower_{name}': dict(timm_model_name=name, timm_pool='',
                              timm_proj='linear', image_size=64)
        for name in (*TIMM, *MORE, 'pit_ti_224')
    }
    # open_clip itself has no projection that fits behind this head.
    visions['tower_mobilenetv3_small_050'].update(
        timm_pool='avg', timm_proj='')
    visions[RESNET] = dict(layers=[1, 1, 2, 2], width=8, head_width=64,
                           image_size=64)
    for name, vision in visions.items():
        path = folder / f'{name}.json'
        path.write_text(json.dumps(dict(embed_dim=16, vision_cfg=vision,
                                        text_cfg=TEXT)))
        open_clip.add_model_config(path)


def lively(clip):
    """Statistics and scales that are not those of the start."""
    torch.manual_seed(0)
    for module in clip.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1)
            nn.init.normal_(module.running_mean, std=0.1)
            nn.init.uniform_(module.running_var, 0.5, 1)
    return clip.eval()


@pytest.fixture
def saved(tmp_path):

    def save(name):
        clip = lively(build_clip(name))
        torch.save(clip.state_dict(), tmp_path / 'clip.pt')
        return clip, str(tmp_path / 'clip.pt')

    return save


@pytest.mark.parametrize('name', [*TIMM, *MORE])
def test_pooling_everything_is_the_image_embedding(name, saved):
    clip, weights = saved(f'tower_{name}')
    backbone = OpenCLIPBackbone(f'tower_{name}', weights)
    image = torch.randn(2, 3, 64, 96)
    stages = backbone(image)
    assert [s.shape[1] for s in stages] == backbone.out_channels
    assert [(64 // s.shape[2], 96 // s.shape[3]) for s in stages] == [
        (4, 4), (8, 8), (16, 16), (32, 32)]
    dense = backbone.dense_features(stages[-1])
    everything = torch.ones(2, 1, 64, 96)
    with torch.no_grad():
        expected = clip.encode_image(image)
        assert_close(backbone.embed_masks(dense, everything)[:, 0], expected,
                     rtol=1e-4, atol=1e-5)
        assert_close(backbone.embed(mask_pool(dense, everything))[:, 0],
                     expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('name', [*(f'tower_{n}' for n in TIMM), RESNET])
def test_last_stage_keeps_the_stride(name, saved):
    _, weights = saved(name)
    usual, dense = (OpenCLIPBackbone(name, weights, output_stride=stride)
                    for stride in (32, 16))
    assert usual.out_channels == dense.out_channels
    image = torch.randn(1, 3, 64, 64)
    for k, (a, b) in enumerate(zip(usual(image), dense(image))):
        if k < 3:
            assert_close(a, b)
    assert b.shape[2:] == (4, 4)
    assert usual.state_dict().keys() == dense.state_dict().keys()
    for key, value in usual.state_dict().items():
        assert torch.equal(value, dense.state_dict()[key]), key


@pytest.mark.parametrize('name', [*(f'tower_{n}' for n in TIMM), RESNET])
def test_trained_stages_get_gradients(name):
    backbone = OpenCLIPBackbone(name, frozen=False, out_indices=(0, 1, 2))
    backbone.train()
    sum(s.square().mean() for s in backbone(torch.randn(2, 3, 64, 64))
        ).backward()
    trained = {n for n, p in backbone.named_parameters() if p.requires_grad}
    assert trained == {n for n, p in backbone.named_parameters()
                       if p.grad is not None}
    assert trained and not any('conv_head' in n or 'layer4' in n or 's4' in n
                               or 'blocks.6' in n for n in trained)


def test_synchronised_norms_keep_their_activations():
    backbone = OpenCLIPBackbone('tower_tf_efficientnet_lite0')
    image = torch.randn(1, 3, 64, 64)
    expected = backbone(image)
    convert_sync_batchnorm(backbone)
    for ours, theirs in zip(backbone.eval()(image), expected):
        assert_close(ours, theirs)


class TestAttentionPooling:
    """Of OpenAI's ResNet, by hand."""

    @pytest.fixture
    def backbone(self):
        torch.manual_seed(0)
        return OpenCLIPBackbone(RESNET)

    def test_stages(self, backbone):
        stages = backbone(torch.randn(1, 3, 64, 96))
        assert [tuple(s.shape) for s in stages] == [
            (1, 32, 16, 24), (1, 64, 8, 12), (1, 128, 4, 6), (1, 256, 2, 3)]
        assert backbone.out_channels == [32, 64, 128, 256]

    def test_mask_of_one_cell_is_its_value(self, backbone):
        pool = backbone.visual.attnpool  # 2 x 2 positions
        features = torch.randn(1, 256, 2, 2)
        masks = -torch.ones(1, 2, 2, 2)
        masks[0, 0, 0, 1] = masks[0, 1, 1, 0] = 1
        cells = features.flatten(2)[0].T + pool.positional_embedding[1:]
        expected = pool.c_proj(pool.v_proj(cells[[1, 2]]))
        assert_close(backbone.embed_masks(features, masks)[0], expected)

    def test_equal_keys_make_it_the_mean_of_the_mask(self, backbone):
        pool = backbone.visual.attnpool
        nn.init.zeros_(pool.k_proj.weight)
        features = torch.randn(1, 256, 2, 2)
        masks = torch.tensor([[[[1., -1.], [1., -1.]], [[-1., -1.],
                                                        [-1., -1.]]]])
        values = pool.v_proj(
            features.flatten(2)[0].T + pool.positional_embedding[1:])
        expected = pool.c_proj(torch.stack(
            (values[[0, 2]].mean(0), values.mean(0))))  # no cell: all of them
        assert_close(backbone.embed_masks(features, masks)[0], expected)

    def test_its_cells_cannot_be_pooled_before(self, backbone):
        with pytest.raises(NotImplementedError, match='use embed_masks'):
            backbone.embed(torch.zeros(1, 256))


def test_what_cannot_be_had_is_named():
    with pytest.raises(ValueError, match='PoolingVision.*neither a CNN'):
        OpenCLIPBackbone('tower_pit_ti_224')
    with pytest.raises(ValueError, match='output_stride=8 is not 16 or 32'):
        OpenCLIPBackbone(RESNET, output_stride=8)
    with pytest.raises(ValueError, match='output_stride=16.*EdgeNeXt'):
        OpenCLIPBackbone('tower_edgenext_xx_small', output_stride=16)
    with pytest.raises(ValueError, match='no checkpointing'):
        OpenCLIPBackbone(RESNET, frozen=False, with_cp=True)
    with pytest.raises(ValueError, match='is no ConvNeXt; leave it out'):
        OpenCLIPBackbone(RESNET, compile=True)
