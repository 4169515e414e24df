"""What all pipelines of all configs do to the pixels of an image."""
import mmcv.transforms
import mmdet.datasets.transforms
import mmseg.datasets.transforms
import numpy as np
import pytest
from config_names import ROOT
from mmcv.transforms import BaseTransform
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.registry import TRANSFORMS, init_default_scope
from PIL import Image

import dearli_mm  # noqa: F401
from dearli_mm.datasets import AntialiasResize, SSDColorAugment

CONFIGS = sorted([
    *(ROOT / 'configs').glob('**/*.py'),
    *(ROOT / 'projects').glob('*/configs/*.py')
])
DISTORTIONS = (mmdet.datasets.transforms.PhotoMetricDistortion,
               mmseg.datasets.transforms.PhotoMetricDistortion)


def pipelines(node, key=''):
    """Every list of transforms in a config, each once."""
    if isinstance(node, dict):
        for name, child in node.items():
            yield from pipelines(child, name)
    elif isinstance(node, list):
        if 'pipeline' in key or key in ('weak', 'strong'):
            yield node
        for child in node:
            yield from pipelines(child)


def walk(built):
    """A transform and all that it is made of."""
    if isinstance(built, (BaseTransform, Compose)):
        yield built
        built = list(vars(built).values())
    if isinstance(built, (list, tuple)):
        for child in built:
            yield from walk(child)


@pytest.fixture(scope='module')
def built():
    """All distinct pipelines, as lists of transforms, with their configs."""
    found = {}
    for path in CONFIGS:
        config = Config.fromfile(path)
        scope = config.get('default_scope', 'mmdet')
        if 'mmseg' in path.stem:  # the data of mmseg's own tools
            scope = 'mmseg'
        for pipeline in pipelines(config._cfg_dict.to_dict()):
            found[scope, repr(pipeline)] = path, pipeline
    result = []
    for (scope, _), (path, pipeline) in found.items():
        init_default_scope(scope)
        steps = [TRANSFORMS.build(step) for step in pipeline]
        result.append((path, scope, steps))
    init_default_scope('mmdet')
    return result


def test_all_configs_are_looked_at(built):
    folders = {path.parent.name for path in CONFIGS}
    assert folders >= {'datasets', 'mmseg', 'sam_warmup', 'configs'}
    assert len(CONFIGS) > 150 and len(built) > 20
    assert {scope for _, scope, _ in built} == {'mmdet', 'mmseg'}


def test_every_resize_smooths(built):
    kinds = set()
    for path, _, steps in built:
        for step in walk(steps):
            if isinstance(step, (mmcv.transforms.Resize,
                                 mmcv.transforms.RandomResize,
                                 mmcv.transforms.RandomChoiceResize)):
                kinds.add(type(step).__name__)
                resize = getattr(step, 'resize', step)
                assert isinstance(resize, AntialiasResize), (path, step)
    assert kinds >= {'AntialiasResize', 'RandomChoiceResize', 'RandomResize'}


def test_colour_augmentation_is_the_methods(built):
    colored = 0
    for path, _, steps in built:
        names = [type(step).__name__ for step in walk(steps)]
        assert not any(isinstance(step, DISTORTIONS)
                       for step in walk(steps)), path
        trains = 'RandomCrop' in names and any(n.startswith('Pack')
                                               for n in names)
        colors = [step for step in walk(steps)
                  if isinstance(step, SSDColorAugment)]
        assert [vars(c) for c in colors] == trains * [
            vars(SSDColorAugment())], path
        colored += len(colors)
    assert colored >= 8


def test_test_images_are_those_of_pil(built):
    resizes = {}
    for _, _, steps in built:
        parts = list(walk(steps))
        if not any(type(part).__name__ == 'RandomCrop' for part in parts):
            resizes.update((min(part.scale), part) for part in parts
                           if isinstance(part, AntialiasResize))
    assert resizes.keys() >= {128, 384, 512, 640, 1024}
    for side, resize in resizes.items():
        image = np.random.default_rng(0).integers(
            0, 256, (side * 3 // 2, 3 * side, 3), np.uint8)
        small = resize(dict(img=image))['img']
        expected = Image.fromarray(image).resize(small.shape[1::-1],
                                                 Image.BILINEAR)
        assert min(small.shape[:2]) == side
        assert abs(small.astype(int) - np.asarray(expected, int)).max() <= 1
