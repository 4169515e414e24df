"""The CLIP head in mmseg's EncoderDecoder."""
import pytest
import torch
from golden_clip import golden_detector, register_golden_clip
from mmdet.registry import MODELS
from mmengine.config import ConfigDict
from mmengine.registry import DefaultScope
from mmengine.structures import PixelData
from mmseg.registry import MODELS as MMSEG_MODELS
from mmseg.structures import SegDataSample
from test_clip_mask2former import make_sample

import dearli_mm.mmseg  # noqa: F401
from dearli_mm.functional import semantic_inference

CLASSES = ['cat', 'dog', 'sky']


@pytest.fixture
def detector(tmp_path):
    register_golden_clip(tmp_path)
    return golden_detector(CLASSES, 0, 3)


@pytest.fixture
def build(detector):

    def build(**kwargs):
        head = dict(detector['panoptic_head'])
        for name in ('num_things_classes', 'num_stuff_classes'):
            del head[name]
        head['type'] = 'CLIPMask2FormerDecodeHead'
        head['text_classifier'] = dict(
            head['text_classifier'],
            model_name=detector['backbone']['model_name'])
        head['train_cfg'] = detector['train_cfg']
        with DefaultScope.overwrite_default_scope('mmseg'):
            return MMSEG_MODELS.build(
                ConfigDict(
                    type='EncoderDecoder',
                    backbone=dict(
                        detector['backbone'], type='mmdet.OpenCLIPBackbone'),
                    decode_head=dict(head, num_classes=3, **kwargs),
                    train_cfg=dict(),
                    test_cfg=dict(mode='whole')))

    return build


def semantic_sample(class_map):
    sample = SegDataSample(
        metainfo=dict(
            img_shape=(64, 64), pad_shape=(64, 64), ori_shape=(64, 64)))
    sample.gt_sem_seg = PixelData(data=class_map[None])
    return sample


def test_losses_are_those_of_the_panoptic_head(build, detector):
    """Where every class is stuff."""
    model = build(ignore_index=1)
    other = MODELS.build(detector)
    other.backbone.load_state_dict(model.backbone.state_dict())
    other.panoptic_head.load_state_dict(model.decode_head.state_dict())
    model.decode_head.text_classifier.prepare()
    other.panoptic_head.text_classifier.embeddings = \
        model.decode_head.text_classifier.embeddings
    class_map = torch.full((64, 64), 255)
    class_map[:40] = 2
    class_map[10:20, 10:20] = 0
    panoptic = make_sample()
    panoptic.gt_instances = panoptic.gt_instances[:0]
    panoptic.gt_sem_seg = PixelData(sem_seg=class_map[None])
    semantic = class_map.clone()
    semantic[50:] = 1  # ignored
    image = torch.randn(1, 3, 64, 64)
    torch.manual_seed(3)
    expected = other.loss(image, [panoptic])
    torch.manual_seed(3)
    losses = model.loss(image, [semantic_sample(semantic)])
    assert set(losses) == {f'decode.{name}' for name in expected}
    for name, value in expected.items():
        torch.testing.assert_close(losses[f'decode.{name}'], value)
    sum(losses.values()).backward()
    assert model.decode_head.query_feat.weight.grad.isfinite().all()


def test_an_image_without_a_label(build):
    losses = build().loss(
        torch.randn(1, 3, 64, 64),
        [semantic_sample(torch.full((64, 64), 255))])
    assert losses['decode.loss_mask'] == 0
    assert losses['decode.loss_cls'].isfinite()


@torch.no_grad()
def test_scores_are_those_of_the_method(build):
    model = build().eval()
    image = torch.randn(1, 3, 64, 64)
    result, = model.predict(image, [semantic_sample(torch.zeros(64, 64))])
    logits, masks = model.decode_head(model.extract_feat(image))
    masks = torch.nn.functional.interpolate(
        masks[-1], (64, 64), mode='bilinear', align_corners=False)
    torch.testing.assert_close(
        result.seg_logits.data,
        semantic_inference(logits[-1][0], masks[0]))
    assert result.pred_sem_seg.data.shape == (1, 64, 64)
    assert model.out_channels == 3 and not model.align_corners
