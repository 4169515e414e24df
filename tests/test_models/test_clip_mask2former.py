"""Head and detector: targets, losses, vocabulary, zero-shot branch."""
import copy

import numpy as np
import pytest
import torch
from golden_clip import golden_detector, register_golden_clip
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmdet.structures.mask import BitmapMasks
from mmengine.structures import InstanceData, PixelData
from torch.testing import assert_close

import dearli_mm  # noqa: F401

CLASSES = ['cat', 'dog, hound', 'sky']  # two things, one stuff


@pytest.fixture
def config(tmp_path):
    register_golden_clip(tmp_path)
    return golden_detector(CLASSES, 2, 1)


def make_sample(size=(64, 64)):
    """One cat, a dog without a pixel, sky, and a void corner."""
    masks = np.zeros((2, *size), dtype=np.uint8)
    masks[0, 10:30, 10:30] = 1
    semantic = np.full(size, 2)
    semantic[10:30, 10:30] = 0
    semantic[50:, 50:] = 255
    sample = DetDataSample(
        metainfo=dict(
            img_shape=size, ori_shape=size, batch_input_shape=size))
    sample.gt_instances = InstanceData(
        labels=torch.tensor([0, 1]), masks=BitmapMasks(masks, *size))
    sample.gt_sem_seg = PixelData(sem_seg=torch.from_numpy(semantic)[None])
    return sample


def test_targets_join_things_and_stuff(config):
    head = MODELS.build(config).panoptic_head
    gt, = head.targets([make_sample()])
    assert gt.labels.tolist() == [0, 2]  # the dog has no pixel
    assert gt.masks.dtype == torch.bool
    assert gt.masks.flatten(1).sum(1).tolist() == [400, 64 * 64 - 400 - 196]


def test_loss_is_a_weighted_sum_over_all_predictions(config):
    model = MODELS.build(config)
    losses = model.loss(torch.randn(2, 3, 64, 64), [make_sample()] * 2)
    prefixes = ['', 'd0.', 'd1.', 'd2.']
    assert set(losses) == {
        f'{p}loss_{n}'
        for p in prefixes for n in ('cls', 'mask', 'dice')
    }
    sum(losses.values()).backward()
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None, name
            assert parameter.grad.isfinite().all(), name


def test_loss_weights_scale_their_terms(config):
    plain = MODELS.build(config)
    other = copy.deepcopy(config)
    other['panoptic_head'].update(
        loss_weights=dict(cls=0., mask=10., dice=5.),
        match_weights=dict(cls=2., mask=5., dice=5.))
    scaled = MODELS.build(other)
    scaled.load_state_dict(plain.state_dict())
    plain.panoptic_head.text_classifier.prepare()
    text = plain.panoptic_head.text_classifier.embeddings
    scaled.panoptic_head.text_classifier.embeddings = text
    image = torch.randn(1, 3, 64, 64)
    results = []
    for model in (plain, scaled):
        torch.manual_seed(3)
        results.append(model.loss(image, [make_sample()]))
    assert_close(results[1]['loss_mask'], 2 * results[0]['loss_mask'])
    assert_close(results[1]['loss_dice'], results[0]['loss_dice'])
    assert results[1]['loss_cls'] == 0


def test_loss_does_not_depend_on_autocast_for_its_precision(config):
    model = MODELS.build(config)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        losses = model.loss(torch.randn(1, 3, 64, 64), [make_sample()])
    assert all(loss.dtype == torch.float32 for loss in losses.values())


def test_no_parameter_depends_on_the_classes(config):
    other = golden_detector(['a', 'b', 'c', 'd', 'e'], 3, 2)
    shapes = [{
        name: value.shape
        for name, value in MODELS.build(c).state_dict().items()
    } for c in (config, other)]
    assert shapes[0] == shapes[1]


def test_zero_shot_branch_is_off_with_alpha_zero(config):
    model = MODELS.build(config).eval()
    image = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        mixed, _ = model.predict_queries(image)
        model.panoptic_head.test_cfg['alpha'] = 0
        plain, _ = model.predict_queries(image)
    in_vocab = plain.log_softmax(-1)
    assert not torch.allclose(mixed, in_vocab, atol=1e-3)
    assert_close(mixed[..., -1], in_vocab[..., -1], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize('zero_shot', [True, False])
def test_other_backbones(config, zero_shot):
    clip = dict(config['backbone'])
    config['backbone'] = dict(
        type='ResNet', depth=18, base_channels=8, norm_eval=False)
    config['panoptic_head']['in_channels'] = [8, 16, 32, 64]
    if zero_shot:
        config['zero_shot_clip'] = clip
    else:
        config['panoptic_head']['text_classifier'].update(
            model_name=clip['model_name'])
    model = MODELS.build(config).eval()
    assert (model.clip is not None) is zero_shot
    sample = make_sample()
    model.predict(torch.randn(1, 3, 64, 64), [sample])
    assert sample.pred_panoptic_seg.sem_seg.shape == (1, 64, 64)


def test_results_have_the_original_size(config):
    model = MODELS.build(config).eval()
    sample = make_sample()
    sample.set_metainfo(
        dict(
            batch_input_shape=(64, 64),
            img_shape=(48, 60),
            ori_shape=(96, 120)))
    model.predict(torch.randn(1, 3, 64, 64), [sample])
    assert sample.pred_sem_seg.sem_seg.shape == (1, 96, 120)
    model.predict(torch.randn(1, 3, 64, 64), [sample], rescale=False)
    assert sample.pred_sem_seg.sem_seg.shape == (1, 48, 60)


def test_wrong_number_of_prompts(config):
    config['panoptic_head']['text_classifier']['classes'] = CLASSES[:2]
    with pytest.raises(ValueError, match='names 2 classes.*make 3'):
        MODELS.build(config)


def test_text_and_image_of_different_clips(config):
    config['panoptic_head']['text_classifier'].update(model_name='dearli_tiny')
    with pytest.raises(ValueError, match='16 dimensions.*in 64'):
        MODELS.build(config)


def test_bad_loss_weights(config):
    config['panoptic_head']['loss_weights'] = dict(cls=1., mask=1.)
    with pytest.raises(ValueError, match='loss_weights must have the keys'):
        MODELS.build(config)


def test_other_classes_without_other_weights(config):
    """Set later or built so: the same network."""
    later = MODELS.build(config).eval()
    later.set_classes(['sea, water', 'cat'], num_things_classes=0)
    assert later.panoptic_head.num_stuff_classes == 2
    config['panoptic_head']['text_classifier']['classes'] = ['sea, water',
                                                             'cat']
    for name in ('panoptic_head', 'panoptic_fusion_head'):
        config[name].update(num_things_classes=0, num_stuff_classes=2)
    built = MODELS.build(config).eval()
    built.load_state_dict(later.state_dict())
    image = torch.randn(1, 3, 64, 64)
    results = []
    for model in (later, built):
        text = model.panoptic_head.text_classifier
        text.prepare()  # of a random tower: the first one's serves both
        text.embeddings = later.panoptic_head.text_classifier.embeddings
        sample = make_sample()
        model.predict(image, [sample])
        results.append(sample.pred_panoptic_seg)
    assert_close(results[0].sem_seg, results[1].sem_seg)
    assert_close(results[0].scores, results[1].scores)
    assert (results[0].sem_seg % 1000).max() <= 2


def test_classes_that_cannot_be_leave_the_old_ones(config):
    model = MODELS.build(config)
    with pytest.raises(ValueError, match='1000 classes'):
        model.set_classes([f'c{k}' for k in range(1000)], 5)
    with pytest.raises(ValueError, match='empty name'):
        model.set_classes(['cat', ' '], 1)
    assert model.panoptic_head.num_classes == 3
    assert model.panoptic_fusion_head.num_classes == 3


def test_scores_come_with_the_panoptic_result(config):
    config['test_cfg'] = dict(config.get('test_cfg') or {}, overlap_thr=0.0)
    model = MODELS.build(config).eval()
    sample = make_sample()
    with torch.no_grad():  # no query of a random network is void
        model.panoptic_head.void_embedding.weight.copy_(
            -model.panoptic_head.cls_embed[-1].bias)
    model.predict(torch.randn(1, 3, 64, 64), [sample])
    found = sample.pred_panoptic_seg
    instances = found.sem_seg.unique() // 1000
    assert instances.max() == len(found.scores) > 0
    assert ((found.scores > 0) & (found.scores <= 1)).all()
