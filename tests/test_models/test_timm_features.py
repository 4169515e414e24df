"""timm's networks as backbones."""
import pytest
import timm
import torch
from mmengine.model import convert_sync_batchnorm
from torch import nn
from torch.testing import assert_close

from dearli_mm.models import TimmFeatures

NAME = 'edgenext_xx_small'  # the smallest with four stages


@pytest.fixture(scope='module')
def file(tmp_path_factory):
    """Weights of a whole network, as timm gives them away."""
    path = tmp_path_factory.mktemp('timm') / 'model.pth'
    torch.manual_seed(1)
    torch.save(timm.create_model(NAME).state_dict(), path)
    return str(path)


def test_features_and_their_channels():
    backbone = TimmFeatures(NAME)
    features = backbone(torch.randn(2, 3, 64, 96))
    assert backbone.out_channels == [24, 48, 88, 168]
    assert [tuple(f.shape) for f in features] == [
        (2, 24, 16, 24), (2, 48, 8, 12), (2, 88, 4, 6), (2, 168, 2, 3)
    ]


def test_channels_come_first_whatever_the_network_has():
    backbone = TimmFeatures('swin_tiny_patch4_window7_224')
    assert backbone.channels_last
    features = backbone.eval()(torch.randn(1, 3, 224, 224))
    assert [f.shape[1] for f in features] == backbone.out_channels
    assert features[-1].shape[-2:] == (7, 7) and features[-1].is_contiguous()


def test_weights_of_a_file(file):
    weights = torch.load(file, weights_only=True)
    trunk = TimmFeatures(NAME, pretrained=file).trunk.state_dict()
    for name, value in trunk.items():
        whole = name.replace('stages_', 'stages.').replace('stem_', 'stem.')
        assert torch.equal(value, weights[whole]), name


def test_frozen(file):
    backbone = TimmFeatures(NAME, file, frozen=True).train()
    assert not any(m.training for m in backbone.modules())
    assert not any(p.requires_grad for p in backbone.parameters())
    assert not backbone(torch.randn(1, 3, 32, 32))[0].requires_grad
    assert TimmFeatures(NAME).train()(torch.randn(
        1, 3, 32, 32))[0].requires_grad


def test_synchronised_norms_keep_their_activations():
    backbone = TimmFeatures('mobilenetv4_conv_small', None, (1, 2, 3, 4))
    images = torch.randn(1, 3, 64, 64)
    expected = backbone.eval()(images)
    converted = convert_sync_batchnorm(backbone, 'torch')
    assert any(isinstance(m, nn.SyncBatchNorm) for m in converted.modules())
    for ours, theirs in zip(converted.eval()(images), expected):
        assert_close(ours, theirs)


@pytest.mark.parametrize('norm_eval', [True, False])
def test_statistics_of_batch_norms(norm_eval):
    backbone = TimmFeatures(
        'mobilenetv4_conv_small', None, (1, 2, 3, 4), norm_eval=norm_eval)
    before = {n: b.clone() for n, b in backbone.named_buffers()}
    backbone.train()(torch.randn(2, 3, 64, 64))
    changed = [not torch.equal(b, before[n])
               for n, b in backbone.named_buffers()]
    assert any(changed) is not norm_eval


def test_bad_arguments(file, tmp_path):
    with pytest.raises(ValueError, match="'resnet' is not a timm model"):
        TimmFeatures('resnet')
    with pytest.raises(FileNotFoundError,
                       match='nowhere.pth.*timm/edgenext_xx_small.in1k'):
        TimmFeatures(NAME, pretrained='nowhere.pth')
    with pytest.raises(ValueError,
                       match=r'strides \[2, 4, 8, 16\].*take '
                       r'\(1, 2, 3, 4\)'):
        TimmFeatures('mobilenetv4_conv_small', out_indices=(0, 1, 2, 3))
    with pytest.raises(ValueError, match=r'strides \[16\].*a plain ViT'):
        TimmFeatures('vit_tiny_patch16_224')
    with pytest.raises(ValueError, match=r"'dept': 2.*unexpected keyword"):
        TimmFeatures(NAME, model_kwargs=dict(dept=2))
    broken = tmp_path / 'broken.pth'
    broken.write_bytes(b'no weights')
    with pytest.raises(ValueError, match='broken.pth.*cannot be loaded'):
        TimmFeatures(NAME, pretrained=str(broken))


def test_weights_of_another_network(tmp_path):
    path = tmp_path / 'other.pth'
    torch.save({'other.weight': torch.zeros(1)}, path)
    with pytest.raises(ValueError, match='holds only 0% of the weights'):
        TimmFeatures(NAME, pretrained=str(path))


def test_model_of_a_fixed_image_size():
    small = dict(depths=(1, 1, 1, 1), embed_dim=8, num_heads=(1, 1, 1, 1))
    images = torch.randn(1, 3, 64, 96)

    def swin(**kwargs):
        return TimmFeatures('swin_tiny_patch4_window7_224',
                            model_kwargs=dict(**small, **kwargs))

    with pytest.raises(ValueError, match=r'\(224, 224\) alone, got \(64, 96\)'
                       '.*strict_img_size=False'):
        swin()(images)
    for options in (dict(strict_img_size=False), dict(img_size=(64, 96))):
        maps = swin(**options)(images)
        assert [tuple(m.shape[1:]) for m in maps] == [
            (8, 16, 24), (16, 8, 12), (32, 4, 6), (64, 2, 3)]
