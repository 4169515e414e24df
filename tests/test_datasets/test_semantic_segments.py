"""Datasets of mmseg as panoptic ones: all is stuff."""
import numpy as np
import pytest
import torch
from mmdet.registry import DATASETS, TRANSFORMS
from PIL import Image

from dearli_mm.datasets import SemiSupPanopticDataset
from dearli_mm.datasets.panoptic_ground_truth import ground_truth_of_sample

LABELS = np.array([[0, 0, 2, 7], [1, 1, 2, 255]], np.uint8)


def load(path, labels=LABELS, palette=False, results=(), **kwargs):
    image = Image.fromarray(labels)
    if palette:
        image = image.convert('P')
        image.putdata(labels.flatten().tolist())
        image.putpalette(list(range(256)) * 3)
    image.save(path / 'a.png')
    kwargs = dict(dict(num_classes=3, void_labels=[7]), **kwargs)
    return TRANSFORMS.build(dict(type='LoadSemanticSegments', **kwargs))(
        dict(
            seg_map_path=str(path / 'a.png'), img_path='a.jpg',
            ori_shape=(2, 4), **dict(results)))


@pytest.mark.parametrize('palette', [True, False])
def test_classes_are_stuff_and_there_are_no_things(tmp_path, palette):
    loaded = load(tmp_path, palette=palette)
    assert loaded['gt_seg_map'].tolist() == [[0, 0, 2, 255], [1, 1, 2, 255]]
    assert loaded['gt_seg_map'].dtype == np.uint8
    for name in ('gt_masks', 'gt_bboxes', 'gt_bboxes_labels',
                 'gt_ignore_flags'):
        assert len(loaded[name]) == 0
    assert loaded['gt_masks'].to_tensor(torch.bool, 'cpu').shape == (0, 2, 4)


def test_the_datasets_own_map_of_labels(tmp_path):
    loaded = load(tmp_path, results=dict(label_map={0: 2, 1: 255, 2: 0}))
    assert loaded['gt_seg_map'].tolist() == [[2, 2, 0, 255],
                                             [255, 255, 0, 255]]
    loaded = load(tmp_path, np.array([[0, 1, 2, 3]] * 2, np.uint8),
                  results=dict(reduce_zero_label=True), void_labels=[])
    assert loaded['gt_seg_map'].tolist() == [[255, 0, 1, 2]] * 2


def test_bad_labels(tmp_path):
    with pytest.raises(ValueError, match=r'a.png has the labels \[7\].*void'):
        load(tmp_path, void_labels=[])
    with pytest.raises(ValueError, match=r'a.png has the shape \[2, 2\].*4'):
        load(tmp_path, LABELS[:, :2])
    with pytest.raises(ValueError, match='num_classes=256'):
        load(tmp_path, num_classes=256)


@pytest.fixture
def dataset(tmp_path):
    """Config of a dataset of mmseg: three images of 16 x 24."""
    for folder in ('images', 'labels'):
        (tmp_path / folder).mkdir()
    labels = np.zeros((16, 24), np.uint8)
    labels[:, 10:] = 1
    labels[8:, :] = 7
    for name in 'abc':
        Image.fromarray(np.uint8(
            np.full((16, 24, 3), 90))).save(tmp_path / f'images/{name}.jpg')
        Image.fromarray(labels).save(tmp_path / f'labels/{name}.png')
    classes = ['left', 'right', 'none']
    return dict(
        type='mmseg.BaseSegDataset',
        data_root=str(tmp_path),
        data_prefix=dict(img_path='images', seg_map_path='labels'),
        metainfo=dict(
            classes=classes, thing_classes=[], stuff_classes=classes),
        pipeline=[
            dict(type='LoadAnyImage'),
            dict(type='LoadSemanticSegments', num_classes=3, void_labels=[7]),
            dict(type='RandomScaleCropFlip', size=16),
            dict(type='PackDetInputs')
        ])


def test_labelled_part(dataset):
    part = SemiSupPanopticDataset(dataset, 'labeled', split=['b'])
    assert len(part) == 1 and part.metainfo['stuff_classes'][1] == 'right'
    item = part[0]
    assert item['inputs'].shape == (3, 16, 16)
    sample = item['data_samples']
    assert len(sample.gt_instances.masks) == len(sample.gt_instances) == 0
    assert set(sample.gt_sem_seg.sem_seg.unique().tolist()) <= {0, 1, 255}


def test_unlabelled_part_touches_no_labels(dataset, tmp_path):
    part = SemiSupPanopticDataset(
        dataset, 'unlabeled', split=['b'],
        weak=[dataset['pipeline'][0], dataset['pipeline'][2]])
    for path in (tmp_path / 'labels').iterdir():
        path.unlink()
    assert len(part) == 2
    item = part[1]
    assert item['inputs']['weak'].shape == (3, 16, 16)
    assert 'gt_sem_seg' not in item['data_samples']['strong']


def test_ground_truth_at_test_has_the_original_size(dataset):
    dataset['pipeline'] = [
        dict(type='LoadAnyImage'),
        dict(type='AntialiasResize', scale=(64, 32), keep_ratio=True),
        dataset['pipeline'][1],
        dict(type='PackDetInputs', meta_keys=('img_path', 'ori_shape'))
    ]
    sample = DATASETS.build(dict(dataset, test_mode=True))[0]['data_samples']
    for form in (sample, sample.to_dict()):
        truth = ground_truth_of_sample(form, [])
        assert truth.labels.tolist() == [0, 1] and not truth.iscrowd.any()
        assert truth.seg_map.shape == (16, 24)
        assert truth.label_map(-1)[::8, ::12].tolist() == [[0, 1], [-1, -1]]
        with pytest.raises(KeyError, match='segments_info|seg_map_path'):
            ground_truth_of_sample(form, [0])
