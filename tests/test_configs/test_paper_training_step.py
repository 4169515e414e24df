"""A step of the paper's network: real sizes, random weights."""
import copy

import torch
from config_names import ROOT, load
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmdet.structures.mask import BitmapMasks
from mmengine.optim import build_optim_wrapper
from mmengine.structures import InstanceData, PixelData

import dearli_mm  # noqa: F401

PAPER = ROOT / 'configs/dear' / (
    'dear_clip-convnext-b_1xb8+8-80k_ade20k-1-128-640x640.py')


def _sample(size):
    sample = DetDataSample(
        metainfo=dict(
            img_shape=size, ori_shape=size, batch_input_shape=size))
    masks = torch.zeros(2, *size, dtype=torch.uint8)
    masks[0, 5:30, 5:30] = masks[1, 30:60, 20:50] = 1
    sample.gt_instances = InstanceData(
        labels=torch.tensor([3, 77]), masks=BitmapMasks(masks.numpy(), *size))
    sample.gt_sem_seg = PixelData(
        sem_seg=torch.full((1, *size), 120, dtype=torch.long))
    return sample


def test_paper_model_takes_a_step():
    """A crop that a CPU stands."""
    paper = load(PAPER)
    config = copy.deepcopy(paper.model)
    config.detector.backbone.pretrained = None
    config.detector.panoptic_head.text_classifier.templates = 'plain'
    model = MODELS.build(config)
    model.init_weights()
    wrapper = build_optim_wrapper(model, paper.optim_wrapper)
    assert len(wrapper.optimizer.param_groups) == 2
    size = (64, 64)
    image = torch.randint(0, 256, (3, *size), dtype=torch.uint8)
    batch = dict(
        inputs={b: [image] for b in ('labeled', 'weak', 'strong')},
        data_samples={b: [_sample(size)]
                      for b in ('labeled', 'weak', 'strong')})
    before = model.student.panoptic_head.query_feat.weight.clone()
    logs = model.train_step(batch, wrapper)
    assert logs['loss'].isfinite()
    assert not torch.equal(model.student.panoptic_head.query_feat.weight,
                           before)
