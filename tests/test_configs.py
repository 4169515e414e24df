"""The paper's configurations: their numbers, a step, their errors."""
import copy
from pathlib import Path

import pytest
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmdet.structures.mask import BitmapMasks
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.structures import InstanceData, PixelData

import dearli_mm  # noqa: F401

CONFIGS = Path(__file__).parents[1] / 'configs'
PAPER = 'clip-convnext-b_1xb8+8-80k_ade20k-1-128-640x640.py'


def load(name) -> Config:
    return Config.fromfile(CONFIGS / name)


@pytest.mark.parametrize(
    'path',
    sorted(p for p in CONFIGS.glob('[!_]*/*.py')),
    ids=lambda p: p.stem)
def test_every_config_can_be_read_and_dumped(path, tmp_path):
    config = Config.fromfile(path)
    object.__setattr__(config, '_format_python_code', False)
    config.dump(tmp_path / 'dumped.py')
    again = Config.fromfile(tmp_path / 'dumped.py')
    assert again.model == config.model
    assert config.custom_imports.imports == ['dearli_mm']


@pytest.fixture(scope='module')
def paper() -> Config:
    return load(f'dear/dear_{PAPER}')


def test_schedule_is_the_papers(paper):
    assert paper.train_cfg.type == 'SemiSupTrainLoop'
    assert paper.train_cfg.max_iters == 80000
    assert paper.train_cfg.val_interval == 20000
    wrapper = paper.optim_wrapper
    assert wrapper.type == 'OptimWrapper'  # full precision
    assert wrapper.optimizer.type == 'AdamW'
    assert (wrapper.optimizer.lr, wrapper.optimizer.weight_decay) == (1e-4,
                                                                      0.05)
    assert wrapper.clip_grad == dict(max_norm=0.01, norm_type=2)
    assert wrapper.paramwise_cfg == dict(
        norm_decay_mult=0.0, embedding_decay_mult=0.0)
    schedule, = paper.param_scheduler
    assert (schedule.type, schedule.power, schedule.eta_min, schedule.end,
            schedule.by_epoch) == ('PolyLR', 0.9, 0, 80000, False)
    ema = next(h for h in paper.custom_hooks if h.type == 'EMATeacherHook')
    assert ema.decay == 0.999 and ema.ramp == 'auto'


def test_data_are_the_papers(paper):
    for part in ('labeled', 'unlabeled'):
        loader = paper.train_dataloader[part]
        assert loader.batch_size == 8
        assert '1_128' in loader.dataset.split
    crops = [
        step for step in paper.labeled_pipeline + paper.weak_view
        if step.type == 'RandomScaleCropFlip'
    ]
    assert [crop['size'] for crop in crops] == [640, 640]
    resize = next(s for s in paper.test_pipeline if s.type == 'Resize')
    assert tuple(resize.scale) == (2560, 640)


def test_network_is_the_papers(paper):
    assert paper.model.semi_train_cfg.cutmix.prob == 0.5
    detector = paper.model.detector
    head, encoder = detector.panoptic_head, \
        detector.panoptic_head.pixel_decoder.encoder
    assert detector.backbone.model_name == 'convnext_base_w_320'
    assert (head.num_queries, head.feat_channels, head.out_channels) == (
        200, 256, 256)
    assert head.transformer_decoder.num_layers == 9
    assert encoder.num_layers == 6
    assert encoder.layer_cfg.ffn_cfg.feedforward_channels == 1024
    ffn = head.transformer_decoder.layer_cfg.ffn_cfg
    assert ffn.feedforward_channels == 2048
    assert head.loss_weights == dict(cls=2.0, mask=5.0, dice=5.0)
    assert head.void_weight == 0.1
    assert detector.train_cfg == dict(
        num_points=12544,
        oversample_ratio=3.0,
        importance_sample_ratio=0.75)
    assert detector.test_cfg.alpha == 0.4
    assert (detector.test_cfg.score_thr, detector.test_cfg.overlap_thr) == (
        0.0, 0.8)
    assert len(head.text_classifier.classes) == 150
    mean = paper.model.data_preprocessor.data_preprocessor.mean
    assert mean == [122.7709383, 116.7460125, 104.09373615]


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


def test_paper_model_takes_a_step(paper):
    """Real sizes, random weights, a crop that a CPU stands."""
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


def test_missing_weights_stop_the_run(paper):
    with pytest.raises(
            FileNotFoundError,
            match=r'no CLIP weights.*convnext_base_w_320.*get open_clip'):
        MODELS.build(paper.model)
