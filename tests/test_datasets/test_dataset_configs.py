from pathlib import Path

import pytest
from mmdet.registry import DATASETS
from mmengine.config import Config

from dearli_mm.conversion.splits import PUBLISHED
from dearli_mm.models.clip.class_prompts import parse_classes

FOLDER = Path(__file__).parents[2] / 'configs/_base_/datasets'
BASES = dict(ade20k_panoptic=('ADE20K', 640, 'ADE20K150PanopticDataset'),
             coco_panoptic=('COCO', 512, 'COCOPanopticDataset'),
             coco_objects=('COCO', 512, 'COCOObjectsPanopticDataset'),
             cityscapes_panoptic=('Cityscapes', 1024,
                                  'CityscapesPanopticDataset'),
             voc2012_panoptic=('VOC 2012', 512, 'VOC2012PanopticDataset'))


@pytest.mark.parametrize('name', BASES)
def test_one_child_a_published_fraction(name):
    dataset, side, _ = BASES[name]
    for count, fraction in PUBLISHED[dataset].items():
        path = FOLDER / f'{name}_{fraction.replace("/", "-")}.py'
        config = Config.fromfile(path)
        split = config.train_dataloader.labeled.dataset.split
        assert split == config.train_dataloader.unlabeled.dataset.split
        folder = count if dataset == 'VOC 2012' else fraction.replace('/', '_')
        assert split == config.val_dataloader.dataset.data_root + \
            f'splits/{folder}/labeled.txt'
        assert path.read_text().startswith(
            f'# {count:,} labelled images, {fraction}.'.replace(',', ' ', 1)
            if count > 999 else f'# {count} labelled images, {fraction}.')
        assert config.val_dataloader.dataset.pipeline[-1].size == side
        assert config.train_dataloader.labeled.batch_size == 8
    assert len([*FOLDER.glob(f'{name}_1-*.py'),
                *FOLDER.glob(f'{name}_full.py')]) == 5


@pytest.mark.parametrize('name', BASES)
def test_prompts_are_of_the_classes_in_order(name):
    config = Config.fromfile(FOLDER / f'{name}.py')
    parts = [part.dataset.dataset.type
             for part in config.train_dataloader.values()]
    assert {*parts, config.val_dataloader.dataset.type} == {BASES[name][2]}
    meta = DATASETS.get(BASES[name][2]).METAINFO
    prompts = [names[0] for names in parse_classes(config.class_prompts)]
    classes = [names.split(',')[0] for names in meta['classes']]
    assert len(prompts) == len(classes) == len(set(prompts))
    # COCO's names of stuff are put into English: "door-stuff" is a door.
    words = [set(name.replace('-', ' ').split()) for name in classes]
    assert all(set(p.split()) & w or p == 'playing field'
               or {p.replace(' ', '')} == w for p, w in zip(prompts, words))
