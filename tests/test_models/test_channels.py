"""Heads and backbones that do not belong together."""
from pathlib import Path

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.model import BaseModule
from torch import nn

from dearli_mm.models.backbones.channels import check_in_channels

CONFIG = (Path(__file__).parents[2] /
          'projects/other_backbones/configs/resnet-50_toy-world.py')


def build(**options):
    config = Config.fromfile(CONFIG)
    config.merge_from_dict({
        f'model.detector.{key}': value for key, value in options.items()})
    return MODELS.build(config.model)


def test_channels_of_the_backbone():
    with pytest.raises(ValueError, match=r'in_channels=\[64, 128, 256, 512\], '
                       r'but ResNet gives maps of \[256, 512, 1024, 2048\]'):
        build(**{'panoptic_head.in_channels': [64, 128, 256, 512]})
    with pytest.raises(ValueError, match=r'gives maps of \[256, 512\]'):
        build(**{'backbone.out_indices': (0, 1)})


def test_channels_behind_a_neck():
    neck = dict(type='ChannelMapper', in_channels=[256, 512, 1024, 2048],
                out_channels=16, num_outs=4, kernel_size=1)
    with pytest.raises(ValueError, match=r'16, 16\] channels behind'):
        build(neck=neck)
    build(neck=neck, **{'panoptic_head.in_channels': [16, 16, 16, 16]})


class Network(BaseModule):
    with_neck = False

    def __init__(self, smallest):
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))
        self.smallest = smallest

    def extract_feat(self, x):
        assert x.shape[-1] >= self.smallest
        return [self.backbone(x)]


def test_looking_leaves_no_trace():
    network = Network(smallest=1)
    network.backbone[1].eval()
    check_in_channels(network, [4])
    assert network.training and not network.backbone[1].training
    assert network.backbone[1].num_batches_tracked == 0
    check_in_channels(Network(smallest=10**6), [7])  # nobody can tell
    with pytest.raises(ValueError, match='Sequential gives maps of'):
        check_in_channels(network.to(torch.device('meta')), [7])


def test_backbone_that_nobody_registered():
    with pytest.raises(KeyError, match='mmpretrain.models.*TimmFeatures'):
        build(**{'backbone.type': 'mmpretrain.ConvNeXt'})


def test_no_clip_for_the_names():
    config = Config.fromfile(CONFIG)
    detector = config.model.detector
    detector.panoptic_head.text_classifier.pop('model_name')
    # A name of timm is none of a CLIP.
    detector.backbone = dict(type='TimmFeatures', model_name='resnet18')
    with pytest.raises(ValueError, match='text_classifier.model_name is not'):
        MODELS.build(config.model)
    with pytest.raises(ValueError, match='text_classifier.model_name is not'):
        build(**{'panoptic_head.text_classifier.model_name': None})
