"""The warm-up's configurations are the paper's."""
from pathlib import Path

import pytest
from mmengine.config import Config

CONFIGS = Path(__file__).parents[1] / 'configs'


@pytest.mark.parametrize('data, crop', [('ade20k-640x640', 640),
                                        ('coco-512x512', 512),
                                        ('cityscapes-768x768', 768),
                                        ('voc2012-512x512', 512)])
def test_settings_are_the_papers(data, crop):
    config = Config.fromfile(
        CONFIGS / 'sam_warmup' /
        f'sam-warmup_clip-convnext-b_1xb16-160k_{data}.py')
    head = config.model.panoptic_head
    assert config.model.type == 'CLIPMask2Former'
    assert head.loss_weights == dict(cls=0.0, mask=5.0, dice=5.0)
    assert head.get('match_weights') is None  # those of the losses
    assert (head.num_things_classes, head.num_stuff_classes) == (1, 0)
    assert head.num_queries == 200
    assert head.transformer_decoder.num_layers == 9
    assert config.train_dataloader.batch_size == 16
    assert config.train_cfg.max_iters == 160000
    assert config.param_scheduler[0].end == 160000
    wrapper = config.optim_wrapper
    assert wrapper.optimizer.type == 'AdamW' and wrapper.optimizer.lr == 1e-4
    assert wrapper.clip_grad.max_norm == 0.01
    assert config.param_scheduler[0].power == 0.9
    dataset = config.train_dataloader.dataset
    assert dataset.type == 'SAMSegmentsDataset'
    view, = dataset.pipeline
    assert (view.type, view.size) == ('WarmUpView', crop)
    assert view.max_masks >= head.num_queries
    assert [m.type for m in config.val_evaluator] == ['ClassAgnosticRecall']


def test_network_is_that_of_dearli():
    warmup = Config.fromfile(
        CONFIGS / 'sam_warmup' /
        'sam-warmup_clip-convnext-b_1xb16-160k_ade20k-640x640.py').model
    dearli = Config.fromfile(CONFIGS / '_base_' / 'models' /
                             'dearli_clip-convnext-b.py').model.detector
    assert warmup.backbone == dearli.backbone
    for key in ('pixel_decoder', 'transformer_decoder', 'num_queries',
                'in_channels', 'positional_encoding'):
        assert warmup.panoptic_head[key] == dearli.panoptic_head[key], key
