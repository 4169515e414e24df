import json
import shutil

import pytest

from projects.toy_world.dataset import write_toy_world
from projects.toy_world.scenes import STUFF_CLASSES, THING_CLASSES

THINGS = [c.name for c in THING_CLASSES]
STUFF = [c.name for c in STUFF_CLASSES]
CONFIG = '''
default_scope = 'mmdet'
load = [dict(type='LoadAnyImage')]
crop = [dict(type='RandomScaleCropFlip', size=64)]
labels = [dict(type='LoadPanopticSegments')]
pack = [dict(type='PackDetInputs')]


def panoptic(part):
    return dict(
        type='CocoPanopticDataset', data_root='{root}',
        ann_file=part + '/panoptic.json',
        data_prefix=dict(img=part + '/images/', seg=part + '/panoptic/'),
        metainfo=dict(classes={classes}, thing_classes={things},
                      stuff_classes={stuff}),
        pipeline=load + labels + crop + pack)


split = '{root}/splits/labeled_2.txt'
train_dataloader = dict(
    labeled=dict(dataset=dict(
        type='SemiSupPanopticDataset', role='labeled', split=split,
        dataset=panoptic('train'))),
    unlabeled=dict(dataset=dict(
        type='SemiSupPanopticDataset', role='unlabeled', split=split,
        dataset=panoptic('train'), images=None, weak=load + crop,
        strong=[dict(type='StrongPhotometricAugment')])))
val_dataloader = dict(dataset=panoptic('val'))
test_dataloader = val_dataloader
del panoptic
'''


@pytest.fixture(scope='session')
def template(tmp_path_factory):
    root = tmp_path_factory.mktemp('template') / 'world'
    write_toy_world(str(root), train=5, val=2, labeled=2, size=96, seed=4)
    return root


@pytest.fixture
def world(template, tmp_path):
    """A dataset of 5 + 2 images, and the path of its config."""
    root = tmp_path / 'world'
    shutil.copytree(template, root)
    config = tmp_path / 'config.py'
    config.write_text(CONFIG.format(root=root, classes=THINGS + STUFF,
                                    things=THINGS, stuff=STUFF))
    return root, str(config)


@pytest.fixture
def edit():
    """Changes a JSON file through a function of its content."""
    def _edit(path, change):
        content = json.loads(path.read_text())
        change(content)
        path.write_text(json.dumps(content))
    return _edit
