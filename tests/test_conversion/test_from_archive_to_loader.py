"""Archive, tool, split, config: what a run of other data begins with."""
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from mmdet.registry import DATASETS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from small_archives import add_sbd, make_cityscapes, make_voc2012

from dearli_mm.engine.preflight import find_lacks

ROOT = Path(__file__).parents[2]
STEM = 'train/ulm/ulm_000000_000019_'


def make_augmented_voc2012(root):
    make_voc2012(root)
    add_sbd(root)


CASES = {
    'cityscapes': (make_cityscapes, 'data/cityscapes',
                   'cityscapes-1-30-768x768',
                   f'leftImg8bit/{STEM}leftImg8bit.png '
                   f'gtFine/{STEM}gtFine_labelTrainIds.png', 768, 1),
    'voc2012': (make_augmented_voc2012, 'data/VOCdevkit/VOC2012',
                'voc2012-1-16-512x512',
                'JPEGImages/2007_02.jpg SegmentationClass/2007_02.png', 512,
                2),
}


@pytest.fixture(params=CASES)
def case(request, tmp_path, monkeypatch):
    """A folder where a tool was run with no more than its defaults, and a
    public list was put where the config reads it."""
    make, root, config, line, crop, rest = CASES[request.param]
    monkeypatch.chdir(tmp_path)
    make(Path(root))
    tool = f'tools/dataset_converters/{request.param}_panoptic.py'
    monkeypatch.setattr(sys, 'argv', [tool, '--workers', '2'])
    runpy.run_path(str(ROOT / tool), run_name='__main__')
    config = Config.fromfile(
        ROOT / f'configs/dear/dear_clip-convnext-b_1xb8+8-80k_{config}.py')
    split = Path(config.train_dataloader.labeled.dataset.split)
    split.parent.mkdir(parents=True)
    split.write_text(f'{line}\n')
    init_default_scope('mmdet')
    return config, crop, rest


def test_the_config_finds_all_but_weights(case):
    lack, = find_lacks(case[0])
    assert lack.kind == 'model'


def test_the_loaders_datasets(case):
    config, crop, rest = case
    labeled, unlabeled = (
        DATASETS.build(config.train_dataloader[part].dataset)
        for part in ('labeled', 'unlabeled'))
    assert (len(labeled), len(unlabeled)) == (1, rest)
    item = labeled[0]
    assert item['inputs'].shape == (3, crop, crop)
    sample = item['data_samples']
    classes = labeled.metainfo['classes']
    assert set(np.unique(sample.gt_sem_seg.sem_seg)) <= {
        *range(len(classes)), 255}
    assert len(sample.gt_instances.masks) == len(sample.gt_instances.labels)
    views = unlabeled[0]['inputs']
    assert views['weak'].shape == views['strong'].shape == (3, crop, crop)
    assert len(DATASETS.build(config.val_dataloader.dataset)) == 1
