"""Trained networks in mmseg: the same classes, the same mIoU."""
import copy
import subprocess
import sys

import pytest
import torch
from golden_clip import golden_detector, register_golden_clip
from mmdet.registry import DATASETS, METRICS, MODELS
from mmengine.dataset import pseudo_collate
from mmengine.registry import DefaultScope
from mmengine.runner import load_checkpoint
from mmseg.evaluation import IoUMetric
from mmseg.registry import MODELS as MMSEG_MODELS
from mmseg.structures import SegDataSample
from semantic_data import write_semantic_data

import dearli_mm.mmseg  # noqa: F401
from dearli_mm.models.detectors.teacher import weights_of_network

CLASSES = ['cat', 'dog, hound', 'sky']
NORM = dict(mean=[120., 110., 100.], std=[60., 61., 62.], bgr_to_rgb=True)
VOID = 9


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp('mmseg')
    register_golden_clip(folder)
    sizes = [(50, 75), (64, 64), (80, 61)]
    write_semantic_data(folder, 'abcd', sizes, len(CLASSES), VOID)
    return folder


@pytest.fixture
def detector(folder):
    return golden_detector(CLASSES, 0, 3)


@pytest.fixture
def text_rows():
    torch.manual_seed(5)
    return torch.nn.functional.normalize(torch.randn(4, 16))


def same_words(network, text_rows):
    """Embeddings are no part of checkpoints, and here they are random."""
    network.panoptic_head.text_classifier.embeddings = text_rows


@pytest.fixture
def trained(detector, text_rows):
    torch.manual_seed(0)
    model = MODELS.build(
        dict(
            type='DEARLi',
            detector=detector,
            semi_test_cfg=dict(predict_on='both'),
            data_preprocessor=dict(
                type='SemiSupDataPreprocessor',
                data_preprocessor=dict(
                    type='DetDataPreprocessor', pad_size_divisor=32, **NORM))))
    same_words(model.student, text_rows)
    with torch.no_grad():
        for network in (model.student, model.teacher):
            for parameter in network.panoptic_head.parameters():
                parameter += 0.1 * torch.randn_like(parameter)
    return model.eval()


@pytest.fixture
def segmentor(detector, text_rows):

    def build(network='student'):
        config = dict(
            type='DEARLiSegmentor',
            detector=detector,
            network=network,
            data_preprocessor=dict(
                type='SegDataPreProcessor',
                test_cfg=dict(size_divisor=32), **NORM))
        with DefaultScope.overwrite_default_scope('mmseg'):
            model = MMSEG_MODELS.build(config).eval()
        same_words(model.detector, text_rows)
        return model

    return build


def dataset(folder, scope, steps):
    config = dict(
        type='mmseg.BaseSegDataset',
        data_root=str(folder),
        data_prefix=dict(img_path='images', seg_map_path='labels'),
        metainfo=dict(
            classes=CLASSES, thing_classes=[], stuff_classes=CLASSES),
        test_mode=True,
        pipeline=steps)
    with DefaultScope.overwrite_default_scope(scope):
        return DATASETS.build(config)


RESIZE = dict(type='Resize', scale=(160, 64), keep_ratio=True)


@torch.no_grad()
def our_miou(folder, model, prediction):
    data = dataset(folder, 'mmdet', [
        dict(type='LoadAnyImage'), RESIZE,
        dict(type='LoadSemanticSegments', num_classes=3, void_labels=[VOID]),
        dict(type='PackDetInputs',
             meta_keys=('img_path', 'ori_shape', 'img_shape'))
    ])
    metric = METRICS.build(dict(type='PanopticMetric', prediction=prediction))
    metric.dataset_meta = data.metainfo
    for item in data:
        samples = model.test_step(pseudo_collate([item]))
        metric.process(None, [sample.to_dict() for sample in samples])
    return metric.evaluate(len(data))['panoptic/mIoU'] / 100


@torch.no_grad()
def miou_of_mmseg(folder, model):
    """Not rounded, unlike what IoUMetric returns, and that as well."""
    data = dataset(folder, 'mmseg', [
        dict(type='LoadImageFromFile'), RESIZE,
        dict(type='LoadAnnotations'),
        dict(type='PackSegInputs')
    ])
    metric = IoUMetric(ignore_index=VOID)
    metric.dataset_meta = data.metainfo
    for item in data:
        samples = model.test_step(pseudo_collate([item]))
        metric.process(None, [sample.to_dict() for sample in samples])
    areas = [sum(area) for area in zip(*metric.results)]
    exact = IoUMetric.total_area_to_metrics(*areas)['IoU'].mean()
    return float(exact), metric.evaluate(len(data))['mIoU']


@pytest.mark.parametrize('network', ['student', 'teacher'])
def test_miou_of_mmseg_is_that_of_our_metric(folder, trained, segmentor,
                                             network, tmp_path):
    path = tmp_path / 'iter_1.pth'
    torch.save(dict(state_dict=trained.state_dict(), meta={}), path)
    model = segmentor(network)
    load_checkpoint(model, str(path), strict=True)
    exact, rounded = miou_of_mmseg(folder, model)
    prediction = dict(student='pred', teacher='teacher')[network]
    expected = our_miou(folder, trained, prediction)
    assert 0.02 < expected < 0.9
    assert exact == pytest.approx(expected, abs=1e-6)
    assert rounded == pytest.approx(100 * expected, abs=0.0051)
    other = dict(student='teacher', teacher='pred')[network]
    assert our_miou(folder, trained, other) != pytest.approx(exact, abs=1e-4)


def test_both_preprocessors_make_the_same_of_an_image(trained, segmentor):
    image = torch.randint(0, 256, (3, 50, 75), dtype=torch.uint8)
    ours = trained.data_preprocessor(
        dict(inputs=[image], data_samples=[SegDataSample()]))
    theirs = segmentor().data_preprocessor(
        dict(inputs=[image], data_samples=[SegDataSample()]))
    assert ours['inputs'].shape == (1, 3, 64, 96)
    assert torch.equal(ours['inputs'], theirs['inputs'])


def test_checkpoints_of_one_network_and_its_own(trained, segmentor, tmp_path):
    first = segmentor()
    first.load_state_dict(trained.student.state_dict())
    second = segmentor('teacher')
    second.load_state_dict(first.state_dict())
    for model in (first, second):
        for name, value in model.detector.state_dict().items():
            assert torch.equal(value, trained.student.state_dict()[name])


def test_what_is_never_trained_is_of_both_networks():
    weights = {'student.a': 1, 'student.b': 2, 'teacher.a': 3}
    assert weights_of_network(weights, 'student') == dict(a=1, b=2)
    assert weights_of_network(weights, 'teacher') == dict(a=3, b=2)
    assert weights_of_network(dict(a=1), 'teacher') == dict(a=1)


def sample(**meta):
    return SegDataSample(metainfo=dict(
        dict(img_shape=(60, 64), ori_shape=(30, 32)), **meta))


@torch.no_grad()
def test_scores_and_their_sizes(trained, segmentor):
    model = segmentor()
    model.load_state_dict(trained.state_dict())
    inputs = torch.randn(1, 3, 64, 64)
    result, = model.predict(inputs, [sample()])
    assert result.seg_logits.data.shape == (3, 30, 32)
    assert torch.equal(result.pred_sem_seg.data[0],
                       result.seg_logits.data.argmax(0))
    for direction, axis in (('horizontal', -1), ('vertical', -2)):
        flipped, = model.predict(
            inputs, [sample(flip=True, flip_direction=direction)])
        for kind in ('seg_logits', 'pred_sem_seg'):
            assert torch.equal(
                getattr(flipped, kind).data,
                getattr(result, kind).data.flip(axis))
    whole, = model.predict(inputs)
    scores = model.encode_decode(inputs, [])
    assert torch.equal(scores[0], whole.seg_logits.data)
    assert scores.shape == (1, 3, 64, 64)


def test_what_it_cannot_do(segmentor, detector):
    with pytest.raises(NotImplementedError, match='mim train mmdet'):
        segmentor().loss(torch.randn(1, 3, 64, 64), [sample()])
    with pytest.raises(ValueError, match="network='ema'.*student"):
        segmentor('ema')


def test_the_config_is_not_changed(segmentor, detector):
    before = copy.deepcopy(detector)
    segmentor()
    assert detector == before


def test_importing_the_package_does_not_import_mmseg():
    code = ('import sys, dearli_mm; '
            'assert not [m for m in sys.modules if m.split(".")[0] == "mmseg"]'
            '; import dearli_mm.mmseg; '
            'from mmseg.registry import MODELS; '
            'assert MODELS.get("DEARLiSegmentor")')
    subprocess.run([sys.executable, '-W', 'ignore', '-c', code], check=True)
