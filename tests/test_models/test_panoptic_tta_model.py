"""Test-time augmentation of whole networks."""
import copy

import pytest
import torch
from golden_clip import golden_detector, register_golden_clip
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from test_clip_mask2former import CLASSES

from dearli_mm.models import DEARLi, PanopticTTAModel

PREPROCESSOR = dict(
    type='SemiSupDataPreprocessor',
    data_preprocessor=dict(type='DetDataPreprocessor', pad_size_divisor=32))


@pytest.fixture
def detector(tmp_path):
    register_golden_clip(tmp_path)
    return golden_detector(CLASSES, 2, 1)


@pytest.fixture
def model(detector):
    torch.manual_seed(3)
    model = DEARLi(
        detector,
        semi_test_cfg=dict(predict_on='both'),
        data_preprocessor=PREPROCESSOR)
    model.init_weights()
    with torch.no_grad():  # clear opinions, and two of them
        for network, gain in ((model.student, 8.), (model.teacher, -8.)):
            network.panoptic_head.mask_embed[-1].weight.mul_(gain)
    return model.eval()


def view(image, flip=False, ori_shape=None, **meta):
    size = tuple(image.shape[-2:])
    sample = DetDataSample(
        metainfo=dict(
            img_shape=size,
            ori_shape=ori_shape or size,
            flip=flip,
            flip_direction='horizontal' if flip else None,
            **meta))
    return image, sample


def data(*views):
    return dict(
        inputs=[[image] for image, _ in views],
        data_samples=[[sample] for _, sample in views])


def maps(sample):
    return {
        name: getattr(sample, name).sem_seg
        for name in ('pred_panoptic_seg', 'pred_sem_seg',
                     'teacher_panoptic_seg', 'teacher_sem_seg')
    }


@torch.no_grad()
def test_symmetric_image_gives_the_same_flipped_or_not(model):
    half = torch.randint(0, 256, (3, 64, 32))
    image = torch.cat((half, half.flip(-1)), -1)
    plain, = model.test_step(dict(inputs=[image], data_samples=[view(image)[1]
                                                                ]))
    tta = PanopticTTAModel(model)
    merged, = tta.test_step(data(view(image)))
    for name, value in maps(plain).items():
        assert torch.equal(maps(merged)[name], value), name
    both, = tta.test_step(data(view(image), view(image.flip(-1), flip=True)))
    # The flipped input is the same, and its answer mirrored: the average is
    # symmetric, if there is one answer for each pixel.
    for network in ('pred', 'teacher'):
        semantic = maps(both)[f'{network}_sem_seg']
        assert torch.equal(semantic, semantic.flip(-1))
    assert len(maps(plain)['pred_panoptic_seg'].unique()) > 1


@torch.no_grad()
def test_view_repeated_changes_nothing(model):
    image = torch.randint(0, 256, (3, 40, 56))
    tta = PanopticTTAModel(model)
    once, = tta.test_step(data(view(image, ori_shape=(80, 112))))
    thrice, = tta.test_step(data(*[view(image, ori_shape=(80, 112))] * 3))
    for name, value in maps(once).items():
        assert value.shape == (1, 80, 112)
        assert (maps(thrice)[name] == value).float().mean() > 0.999


@torch.no_grad()
def test_views_of_different_sizes_and_one_network(detector):
    model = MODELS.build(
        dict(detector,
             data_preprocessor=PREPROCESSOR['data_preprocessor'])).eval()
    tta = PanopticTTAModel(model)
    ori_shape = (50, 70)
    samples = tta.test_step(
        data(*[
            view(torch.randint(0, 256, (3, *size)), flip, ori_shape)
            for size in ((50, 70), (75, 105)) for flip in (False, True)
        ]))
    assert len(samples) == 1
    assert samples[0].pred_panoptic_seg.sem_seg.shape == (1, *ori_shape)
    assert samples[0].pred_sem_seg.sem_seg.shape == (1, *ori_shape)
    assert 'teacher_sem_seg' not in samples[0]


def test_bad_settings(model, detector):
    image = torch.zeros(3, 64, 64)
    tta = PanopticTTAModel(model)
    with torch.no_grad():
        with pytest.raises(ValueError, match='first view is flipped'):
            tta.test_step(data(view(image, flip=True)))
        _, sample = view(image)
        bare = DetDataSample(
            metainfo={k: sample.metainfo[k]
                      for k in ('img_shape', 'ori_shape')})
        with pytest.raises(KeyError, match="'flip' and 'flip_direction'"):
            tta.test_step(data((image, bare)))
    with pytest.raises(ValueError, match=r'iou_thr=0 is not in \(0, 1\]'):
        PanopticTTAModel(model, iou_thr=0)
    proposals = copy.deepcopy(detector)
    proposals['panoptic_fusion_head']['type'] = 'MaskProposalFusionHead'
    with pytest.raises(ValueError, match='class-agnostic proposals.*--tta'):
        PanopticTTAModel(proposals)
