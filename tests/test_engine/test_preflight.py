"""What a config lacks, told at once and before anything is built."""
import shutil
from pathlib import Path

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import RUNNERS

from dearli_mm.engine import preflight
from dearli_mm.engine.preflight import find_lacks, lacks_table
from dearli_mm.engine.runner import PreflightRunner
from dearli_mm.utils.command_line import NotReadyError
from dearli_mm.utils.public_files import (how_to_get_annotation,
                                          how_to_get_masks, how_to_get_split)
from projects.toy_world.dataset import write_toy_world

ROOT = Path(__file__).resolve().parents[2]
PAPER = ROOT / 'configs/dearli' / (
    'dearli_clip-convnext-b_1xb8+8-80k_ade20k-1-128-640x640.py')
QUICKSTART = ROOT / 'configs/quickstart/dear_tiny-clip_toy-world.py'


@pytest.fixture
def ready(tmp_path, monkeypatch):
    """The quickstart's config, in a folder that has all it needs."""
    monkeypatch.chdir(tmp_path)
    write_toy_world('data/toy_world', train=16, val=1, labeled=16, size=64)
    config = Config.fromfile(QUICKSTART)
    config.work_dir = str(tmp_path / 'work')
    return config


def test_nothing_is_missing(ready):
    assert find_lacks(ready) == []


def test_everything_is_told_once_and_in_order():
    lacks = find_lacks(Config.fromfile(PAPER))
    assert [lack.kind for lack in lacks] == ['model', 'start'] + 7 * ['data']
    assert len({lack.path for lack in lacks}) == len(lacks)
    table = lacks_table(lacks, 'X.py')
    assert table.startswith('X.py lacks 9 things:\n- model.detector.backbone.'
                            'pretrained=')
    split = 'data/ADEChallengeData2016/splits/1_128/labeled.txt'
    assert f'{split} --fraction 1/128' in table
    # The annotation comes before the split that is drawn from it.
    assert table.index('ade20k_panoptic_train.json') < table.index(split)


def test_a_split_of_some_images_is_drawn_by_their_number():
    assert how_to_get_split('toy/labeled_16.txt', 'a.json').startswith(
        'python tools/dataset_converters/make_split.py a.json --out '
        'toy/labeled_16.txt --number 16 ')


def test_commands_bear_blanks():
    assert "make_split.py 'my data/a.json' --out 'my splits/x.txt'" in \
        how_to_get_split('my splits/x.txt', 'my data/a.json')
    assert "sam_masks.py 'my photos' 'my masks'" in how_to_get_masks(
        'my photos', 'my masks')
    assert "'/my data/'" in how_to_get_annotation('VOC2012PanopticDataset',
                                                  '/my data/')


@pytest.mark.parametrize('config, commands', [
    ('cityscapes-1-30-768x768', [
        'python tools/dataset_converters/cityscapes_panoptic.py '
        'data/cityscapes/ ',
        'make_split.py data/cityscapes/cityscapes_panoptic_train.json '
        '--out data/cityscapes/splits/1_30/labeled.txt --fraction 1/30 ']),
    ('voc2012-1-8-512x512', [
        'python tools/dataset_converters/voc2012_panoptic.py '
        'data/VOCdevkit/VOC2012/ ',
        # Drawn of the images with instances, not of those of SBD.
        'make_split.py data/VOCdevkit/VOC2012/voc2012_panoptic_train.json '
        '--out data/VOCdevkit/VOC2012/splits/183/labeled.txt --number 183 ']),
])
def test_commands_that_make_other_data(config, commands):
    lacks = find_lacks(Config.fromfile(
        ROOT / f'configs/dear/dear_clip-convnext-b_1xb8+8-80k_{config}.py'))
    remedies = '\n'.join(lack.remedy for lack in lacks)
    assert all(command in remedies for command in commands)


def test_a_config_tells_how_its_own_files_are_made():
    config = Config.fromfile(QUICKSTART)
    config.how_to_get = {'data': 'outer', 'data/toy_world/val': 'inner',
                         'data/toy': 'another folder'}
    remedies = {lack.path: lack.remedy for lack in find_lacks(config)}
    assert remedies['data/toy_world/val/panoptic.json'] == 'inner'
    assert remedies['data/toy_world/train/images/'] == 'outer'
    remedies = {lack.remedy for lack in find_lacks(
        Config.fromfile(QUICKSTART))}
    assert remedies == {'python tools/dataset_converters/make_toy_world.py '
                        'data/toy_world'}


@pytest.mark.parametrize('data, command', [
    ('ade20k-640x640', 'data/ADEChallengeData2016/images/training/ '
     'data/ADEChallengeData2016/sam_masks/training/ '),
    # Validation lies in the same folder.
    ('voc2012-512x512', 'configs/_base_/datasets/voc2012_panoptic.py '
     'data/VOCdevkit/VOC2012/sam_masks/trainaug/ --dataset train_set '),
])
def test_masks_are_of_training_images(data, command):
    lacks = find_lacks(Config.fromfile(
        ROOT / 'configs/sam_warmup' /
        f'sam-warmup_clip-convnext-b_1xb16-160k_{data}.py'))
    assert f'tools/sam_masks.py {command}' in '\n'.join(
        lack.remedy for lack in lacks)


def remove(path):
    shutil.rmtree(path) if Path(path).is_dir() else Path(path).unlink()


@pytest.mark.parametrize('path, text', [
    ('data/toy_world/val/images', 'the folder data/toy_world/val/images/'),
    ('data/toy_world/train/panoptic.json', 'annotation data/toy_world/train'),
    ('data/toy_world/splits/labeled_16.txt', "labeled_16.txt': no such file"),
])
def test_single_files(ready, path, text):
    remove(path)
    lack, = find_lacks(ready)
    assert text in lack.text


@pytest.mark.parametrize('name, content', [
    ('a.safetensors', b'Entry not found'), ('a.safetensors', b''),
    ('a.bin', b'PK\x03\x04 cut off'), ('a.bin', b'<html>')])
def test_weights_that_are_not_whole(ready, name, content):
    weights = Path(name)
    weights.write_bytes(content)
    ready.model.detector.backbone.pretrained = name
    lack, = find_lacks(ready)
    assert f'{len(content)} bytes' in lack.text and lack.path == name


def test_what_is_no_file(ready, monkeypatch):
    ready.model.detector.panoptic_head.text_classifier.classes = ['one', 'two']
    ready.custom_hooks.append(dict(type='SAMWarmupHook', checkpoint='a.pth'))
    ready.custom_hooks.append(dict(type='SAMWarmupHook', checkpoint='b.pth',
                                   required=False))
    ready.load_from = 'c.pth'
    ready.train_dataloader.unlabeled.dataset.images = 'photos'
    monkeypatch.setattr(preflight, 'LEAST_FREE_GIB', 2**40)
    texts = [lack.text for lack in find_lacks(ready)]
    for text, part in zip(texts, ("load_from='c.pth'", 'has 2 entries, but '
                                  'the data have 13 classes', "='a.pth'",
                                  "images='photos'", 'GiB are free in')):
        assert part in text
    assert len(texts) == 5


@pytest.mark.parametrize('gpu', [False, True])
def test_loaders_pin_their_memory_on_a_gpu(ready, gpu, monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: gpu)
    loader = ready.val_dataloader
    assert PreflightRunner.build_dataloader(loader).pin_memory is gpu
    assert 'pin_memory' not in loader
    loader.pin_memory = not gpu  # the config's own word counts
    assert PreflightRunner.build_dataloader(loader).pin_memory is not gpu


def test_training_stops_before_it_begins(ready):
    ready.randomness.seed = 0
    remove('data/toy_world/train/images')
    runner = RUNNERS.build(ready)  # the model has all it needs: a test runs
    with pytest.raises(NotReadyError, match='lacks 1 thing:\n- .*train/images'
                       ):
        runner.train()
    ready.model.detector.backbone.pretrained = 'none.safetensors'
    with pytest.raises(NotReadyError, match='(?s)lacks 2 .*none.*train/imag'):
        RUNNERS.build(ready)


def test_packages_of_backends():
    config = Config(dict(visualizer=dict(vis_backends=[
        dict(type='LocalVisBackend'),
        dict(type='NeptuneVisBackend'),
    ])))
    lack, = find_lacks(config)
    assert lack.kind == 'model' and lack.remedy == 'pip install neptune'
    assert lack.text.startswith('visualizer.vis_backends.1: NeptuneVisBackend')


def test_a_test_needs_its_data_alone(tmp_path):
    config = Config.fromfile(QUICKSTART)
    config.custom_hooks = [dict(type='SAMWarmupHook', checkpoint='none.pth')]
    config.work_dir, config.experiment_name = str(tmp_path), 'test_alone'
    config.test_dataloader.dataset.update(data_root='nowhere')
    runner = PreflightRunner.from_cfg(config)
    with pytest.raises(NotReadyError) as error:
        runner.test()
    assert 'lacks 3 things' in str(error.value)
    assert 'none.pth' not in str(error.value)
    config.test_dataloader.dataset.ann_file = ''
    lacks = find_lacks(config, ['test_dataloader'])
    assert 'test_dataloader.dataset.ann_file is not set' in [
        lack.text for lack in lacks]


def test_a_checkpoint_of_another_network_is_not_tested(ready, tmp_path):
    small = MODELS.build(ready.model).state_dict()
    torch.save(dict(state_dict=small, meta={}), tmp_path / 'small.pth')
    ready.load_from = str(tmp_path / 'small.pth')
    ready.model.detector.panoptic_head.num_queries += 1
    ready.experiment_name = 'another_network'
    with pytest.raises(NotReadyError, match='small.pth.*another network'):
        PreflightRunner.from_cfg(ready).test()
