"""Predictions from a checkpoint alone."""
import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from numpy.testing import assert_array_equal
from tiny_checkpoint import CONFIG, SMALLER

from dearli_mm.apis import DEARLiInferencer
from dearli_mm.apis.checkpoint import parse_config_text
from dearli_mm.datasets.image_files import UnreadableImageError
from dearli_mm.models.fast_paths.deformable_attention import SWITCH, way_on

TEXT = 'model.detector.panoptic_head.text_classifier'


def same(one, other):
    assert_array_equal(one.seg_map, other.seg_map)
    assert_array_equal(one.labels, other.labels)
    np.testing.assert_allclose(one.scores, other.scores, rtol=1e-5)


def test_prediction(inferencer, images):
    predictions = inferencer(images, return_semantic=True, return_vis=True)
    assert [p.name for p in predictions] == ['a.png', 'sub/a.jpg',
                                             'sub/c.bmp']
    for prediction in predictions:
        count = len(prediction.labels)
        assert count > 1
        assert_array_equal(
            np.unique(prediction.seg_map[prediction.seg_map > 0]),
            np.arange(count) + 1)
        assert prediction.areas.sum() == (prediction.seg_map > 0).sum()
        assert prediction.image.shape[:2] == prediction.seg_map.shape
        assert prediction.semantic.shape == prediction.seg_map.shape
        assert prediction.semantic.max() < 13
        assert_array_equal(prediction.is_thing, prediction.labels < 8)
        assert ((prediction.scores > 0) & (prediction.scores <= 1)).all()
        assert prediction.vis.shape[1] >= 480
    assert inferencer.vocabulary.names[:2] == ['ball', 'star']


def test_files_and_arrays_agree(inferencer, images):
    by_path, = inferencer(images / 'a.png')
    by_array, = inferencer(cv2.imread(str(images / 'a.png')))
    same(by_path, by_array)
    assert_array_equal(by_path.image, by_array.image)
    assert by_path.semantic is None and by_path.vis is None


@pytest.mark.parametrize('workers', [0, 3])
def test_batches_keep_the_order(inferencer, images, workers):
    big = np.full((64, 64, 3), 90, np.uint8)
    alone, = inferencer(big)
    several = inferencer([big] * 5, batch_size=2, workers=workers)
    assert [p.name for p in several] == [f'array_{k}' for k in range(5)]
    for prediction in several:
        same(prediction, alone)


def test_sizes_are_padded_in_a_batch(inferencer, images):
    for prediction in inferencer(images, batch_size=3):
        assert prediction.seg_map.shape == prediction.image.shape[:2]


def test_student_and_teacher_are_those_of_the_checkpoint(
        inferencer, checkpoint):
    image = np.random.default_rng(0).integers(
        0, 255, (64, 64, 3), dtype=np.uint8)
    state = torch.load(checkpoint, weights_only=True)['state_dict']
    name = 'panoptic_head.query_feat.weight'
    torch.testing.assert_close(inferencer.network.state_dict()[name],
                               state[f'student.{name}'])
    teacher = DEARLiInferencer(checkpoint, network='teacher', device='cpu')
    torch.testing.assert_close(teacher.network.state_dict()[name],
                               state[f'teacher.{name}'])
    assert not np.array_equal(
        inferencer(image)[0].scores, teacher(image)[0].scores)


@pytest.mark.parametrize('classes, num_things', [
    ('fish;water', 1), (';water', 0),
    (','.join(f'thing {k}' for k in range(20)) + ';sky,sea', 20)])
def test_vocabulary_changes_without_training(inferencer, images, classes,
                                             num_things):
    before, = inferencer(images / 'a.png')
    inferencer.set_classes(classes)
    prediction, = inferencer(images / 'a.png', return_semantic=True)
    names = inferencer.vocabulary.names
    assert set(prediction.class_names) <= set(names)
    assert_array_equal(prediction.is_thing, prediction.labels < num_things)
    assert prediction.semantic.max() < len(names)
    inferencer.set_classes(inferencer.original_vocabulary)
    same(inferencer(images / 'a.png')[0], before)


def test_vocabulary_of_the_start_equals_one_that_is_set(
        inferencer, checkpoint, images):
    inferencer.set_classes('fish,ring;water')
    other = DEARLiInferencer(
        checkpoint, classes='fish,ring;water', device='cpu')
    same(inferencer(images / 'a.png')[0], other(images / 'a.png')[0])


def test_classes_of_the_config_may_be_a_file(checkpoint, inferencer, images,
                                             tmp_path):
    path = tmp_path / 'names.txt'
    path.write_text('\n'.join(
        f'{k}:{line}'
        for k, line in enumerate(inferencer.vocabulary.prompts)))
    other = DEARLiInferencer(
        checkpoint, device='cpu', cfg_options={f'{TEXT}.classes': str(path)})
    assert other.vocabulary.prompts == inferencer.vocabulary.prompts
    same(other(images / 'a.png')[0], inferencer(images / 'a.png')[0])


def test_config_in_place_of_that_of_the_checkpoint(checkpoint, inferencer,
                                                   images):
    options = {**SMALLER, f'{TEXT}.classes': ['fish', 'water, sea'],
               'test_dataloader.dataset.metainfo.classes': ['Fish', 'Water']}
    for name in ('panoptic_head', 'panoptic_fusion_head'):
        options[f'model.detector.{name}.num_things_classes'] = 1
        options[f'model.detector.{name}.num_stuff_classes'] = 1
    other = DEARLiInferencer(
        checkpoint, device='cpu', config=str(CONFIG), cfg_options=options)
    assert other.vocabulary.names == ['Fish', 'Water']
    assert other.vocabulary.num_things == 1
    inferencer.set_classes('fish;water|sea')
    same(other(images / 'a.png')[0], inferencer(images / 'a.png')[0])


def test_warm_up_is_refused(checkpoint):
    fusion = 'model.detector.panoptic_fusion_head.type'
    with pytest.raises(ValueError, match='is of a warm-up'):
        DEARLiInferencer(
            checkpoint, device='cpu',
            cfg_options={fusion: 'MaskProposalFusionHead'})


def test_too_many_classes_leave_the_old_ones(inferencer, images):
    with pytest.raises(ValueError, match='1000 classes'):
        inferencer.set_classes(','.join(f'c{k}' for k in range(1000)))
    assert len(inferencer.vocabulary.names) == 13
    inferencer(images / 'a.png')


def test_numbers_matter_and_are_checked(inferencer, images):
    before, = inferencer(images / 'a.png')
    inferencer.configure(alpha=1.0)
    assert inferencer.alpha == 1.0
    assert not np.array_equal(
        inferencer(images / 'a.png')[0].scores, before.scores)
    inferencer.configure(score_thr=1.0)
    assert len(inferencer(images / 'a.png')[0].labels) == 0
    for wrong in (dict(alpha=-0.1), dict(score_thr=1.5)):
        with pytest.raises(ValueError, match='not within 0..1'):
            inferencer.configure(**wrong)


def test_broken_image_raises(inferencer, images):
    path = images / 'sub/a.jpg'
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(UnreadableImageError, match='a.jpg'):
        inferencer(images)


@pytest.mark.parametrize('arguments, message', [
    (dict(network='both'), "network='both'"),
    (dict(device='cuda:99'), "device='cuda:99'"),
    (dict(classes='a;b;c'), 'semicolons'),
    (dict(cfg_options={f'{TEXT}.pretrained': 'no.bin'}),
     rf'no.bin.*--cfg-options {TEXT}.pretrained=PATH'),
    (dict(cfg_options={'model.detector.panoptic_head.num_queries': 9}),
     'does not fit its config'),
    (dict(cfg_options={'modle.x': 1}), r"modle.x: .* has no modle \(did you "
     r"mean 'model'\?\)"),
])
def test_arguments_that_cannot_be(checkpoint, arguments, message):
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        DEARLiInferencer(checkpoint, **{'device': 'cpu', **arguments})


def test_a_wrong_way_of_attention_is_told_before_images(checkpoint,
                                                        monkeypatch):
    monkeypatch.setenv(SWITCH, 'fast')
    way_on.cache_clear()
    with pytest.raises(ValueError, match=f"{SWITCH}='fast' is none of"):
        DEARLiInferencer(checkpoint, device='cpu')


def test_single_network(checkpoint, images, tmp_path, inferencer):
    """A supervised run: the config has no student and no teacher."""
    content = torch.load(checkpoint, weights_only=True)
    config = Config(parse_config_text(content['meta']['cfg']))
    preprocessor = config.model.data_preprocessor.data_preprocessor
    config.model = dict(
        config.model.detector, data_preprocessor=preprocessor)
    object.__setattr__(config, '_format_python_code', False)
    prefix = 'student.'
    content['state_dict'] = {
        key[len(prefix):]: value
        for key, value in content['state_dict'].items()
        if key.startswith(prefix)
    }
    content['meta']['cfg'] = config.pretty_text
    path = tmp_path / 'supervised.pth'
    torch.save(content, path)
    single = DEARLiInferencer(path, device='cpu')
    same(single(images / 'a.png')[0], inferencer(images / 'a.png')[0])
    # The documented keys are those of its training.
    queries = {'model.detector.panoptic_head.num_queries': 9}
    with pytest.raises(ValueError, match='does not fit its config'):
        DEARLiInferencer(path, device='cpu', cfg_options=queries)
    with pytest.raises(ValueError, match="network='teacher'.*has none"):
        DEARLiInferencer(path, network='teacher', device='cpu')
