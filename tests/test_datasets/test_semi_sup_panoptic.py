import cv2
import numpy as np
import pytest
import torch

from dearli_mm.datasets import SemiSupPanopticDataset
from dearli_mm.datasets.image_names import ImageNames
from dearli_mm.datasets.splits import read_split
from projects.toy_world.dataset import write_toy_world
from projects.toy_world.scenes import STUFF_CLASSES, THING_CLASSES

NAMES = [c.name for c in THING_CLASSES + STUFF_CLASSES]
WEAK = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomScaleCropFlip', size=96)
]
STRONG = [dict(type='StrongPhotometricAugment')]


@pytest.fixture(scope='module')
def world(tmp_path_factory):
    root = tmp_path_factory.mktemp('world')
    write_toy_world(str(root), train=6, val=1, labeled=2, size=128, seed=5)
    return root


@pytest.fixture
def panoptic(world):
    return dict(
        type='CocoPanopticDataset',
        data_root=str(world),
        ann_file='train/panoptic.json',
        data_prefix=dict(img='train/images/', seg='train/panoptic/'),
        metainfo=dict(
            classes=NAMES,
            thing_classes=[c.name for c in THING_CLASSES],
            stuff_classes=[c.name for c in STUFF_CLASSES]),
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='LoadPanopticSegments'),
            dict(type='RandomScaleCropFlip', size=96),
            dict(type='PackDetInputs')
        ])


@pytest.fixture
def split(world):
    return str(world / 'splits' / 'labeled_2.txt')


def unlabeled(**kwargs):
    return SemiSupPanopticDataset(
        role='unlabeled',
        weak=WEAK,
        strong=STRONG,
        pack=dict(type='PackDetInputs'),
        **kwargs)


def test_parts_are_disjoint_and_complete(panoptic, split):
    labeled = SemiSupPanopticDataset(panoptic, 'labeled', split)
    rest = unlabeled(dataset=panoptic, split=split)
    assert len(labeled) == 2 and len(rest) == 4
    names = {labeled[i]['data_samples'].img_path for i in range(2)}
    assert {p.split('/')[-1] for p in names} == set(read_split(split))
    others = {rest[i]['data_samples']['weak'].img_path for i in range(4)}
    assert not names & others
    assert labeled.metainfo['classes'] == NAMES


def test_labeled_item(panoptic, split):
    item = SemiSupPanopticDataset(panoptic, 'labeled', split)[0]
    assert item['inputs'].shape == (3, 96, 96)
    sample = item['data_samples']
    assert sample.gt_sem_seg.sem_seg.shape == (1, 96, 96)
    assert len(sample.gt_instances.masks) == len(sample.gt_instances.labels)


def test_views_share_geometry(panoptic, split):
    torch.manual_seed(0)
    np.random.seed(0)
    item = unlabeled(dataset=panoptic, split=split)[1]
    weak, strong = item['inputs']['weak'], item['inputs']['strong']
    assert weak.shape == strong.shape == (3, 96, 96)
    assert not torch.equal(weak, strong)
    samples = item['data_samples']
    assert samples['weak'].img_shape == samples['strong'].img_shape
    assert samples['weak'].flip == samples['strong'].flip
    # Same content: the correlation of the brightness survives the colours.
    grey = [v.float().mean(0).flatten() for v in (weak, strong)]
    assert torch.corrcoef(torch.stack(grey))[0, 1].abs() > 0.4
    assert 'segments_info' not in samples['weak'].metainfo_keys()
    assert len(samples['weak'].gt_instances) == 0


def test_pool_of_folders_and_lists(tmp_path, panoptic, split):
    for name in ('a.jpg', 'sub/b.png', 'note.txt'):
        path = tmp_path / 'pool' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), np.full((40, 60, 3), 9, np.uint8)) \
            if path.suffix != '.txt' else path.write_text('x')
    (tmp_path / 'list.txt').write_text('pool/a.jpg\n\n')
    folder, listing = str(tmp_path / 'pool'), str(tmp_path / 'list.txt')
    assert len(unlabeled(images=folder)) == 2
    assert len(unlabeled(images=[folder, listing])) == 2  # each image once
    mixed = unlabeled(dataset=panoptic, split=split, images=folder)
    assert len(mixed) == 6
    item = unlabeled(images=listing)[0]
    assert item['inputs']['weak'].shape == (3, 96, 96)


def test_padding_is_128_and_known(tmp_path):
    cv2.imwrite(str(tmp_path / 'a.png'), np.zeros((20, 160, 3), np.uint8))
    item = unlabeled(images=str(tmp_path))[0]
    height, width = item['data_samples']['weak'].img_shape
    weak = item['inputs']['weak']
    assert width == 96 and height < 96
    assert (weak[:, :height] == 0).all() and (weak[:, height:] == 128).all()


@pytest.mark.parametrize('arguments,message', [
    (dict(role='all'), "role='all' is none"),
    (dict(role='labeled'), 'needs a dataset'),
    (dict(role='labeled', dataset={}, weak=WEAK), 'belong to'),
    (dict(role='unlabeled', dataset={}), 'weak view'),
    (dict(role='unlabeled', weak=WEAK), 'needs a dataset or images'),
])
def test_arguments_that_do_not_fit_the_role(arguments, message):
    with pytest.raises(ValueError, match=message):
        SemiSupPanopticDataset(**arguments)


def test_bad_splits(panoptic, tmp_path):
    file = tmp_path / 'split.txt'
    for text, message in (('', 'names no image'),
                          ('nowhere.jpg', "names 1 images.*'nowhere.jpg'"),
                          ('00001.jpg\n00001.jpg', 'more than once')):
        file.write_text(text)
        with pytest.raises(ValueError, match=message):
            SemiSupPanopticDataset(panoptic, 'labeled', str(file))
    with pytest.raises(FileNotFoundError, match='no such file'):
        SemiSupPanopticDataset(panoptic, 'labeled', 'absent.txt')


def test_missing_dataset_is_named_with_the_remedy(panoptic, tmp_path):
    panoptic['data_root'] = str(tmp_path / 'absent')
    with pytest.raises(FileNotFoundError, match='absent.*docs/data.md'):
        SemiSupPanopticDataset(panoptic)


def test_empty_parts(panoptic, tmp_path):
    with pytest.raises(ValueError, match='unlabeled part is empty.*split'):
        unlabeled(dataset=panoptic)
    (tmp_path / 'empty').mkdir()
    with pytest.raises(ValueError, match='holds no image'):
        unlabeled(images=str(tmp_path / 'empty'))
    with pytest.raises(FileNotFoundError, match='no such folder'):
        unlabeled(images=str(tmp_path / 'absent'))


def test_split_lines_of_the_literature():
    lines = ['images/training/X1.jpg annotations/training/X1.png', 'X2', '']
    assert ImageNames(['X0.jpg', 'X1.jpg', 'X2.jpg']).find(
        read_split(lines)).indices == [1, 2]
