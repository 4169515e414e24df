"""The zero-shot baseline is tested without ever being trained."""
import copy

import pytest
import torch
from config_names import ROOT, load
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.runner import Runner

import dearli_mm  # noqa: F401
from projects.toy_world.dataset import write_toy_world

CONFIGS = ROOT / 'configs'
ZERO_SHOT = CONFIGS / 'baselines/zero-shot_clip-convnext-b_ade20k-640x640.py'


@pytest.fixture
def warm_up(tmp_path):
    """An (untrained) checkpoint of the small warm-up."""
    config = load(CONFIGS / 'sam_warmup' / (
        'sam-warmup_tiny-clip_1xb8-1000_toy-world-128x128.py'))
    model = MODELS.build(copy.deepcopy(config.model))
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'warm-up.pth')
    return tmp_path / 'warm-up.pth'


@pytest.fixture
def config(warm_up, tmp_path):
    """The baseline's config with small network and data."""
    world = tmp_path / 'world'
    write_toy_world(str(world), train=1, val=2, labeled=1, size=64, seed=1)
    config = copy.deepcopy(load(ZERO_SHOT))
    small = Config.fromfile(CONFIGS / 'quickstart' / (
        'dear_tiny-clip_toy-world.py'))
    network = small.model.detector
    network.data_preprocessor = config.model.data_preprocessor
    network.test_cfg = config.model.test_cfg
    config.model = network
    config.test_dataloader = copy.deepcopy(small.test_dataloader)
    config.test_dataloader.dataset.data_root = str(world)
    config.test_dataloader.update(num_workers=0, persistent_workers=False)
    config.test_evaluator[0].pop('semantic_prefix')
    config.default_hooks.visualization.draw = False
    # Validation is not run; its data are not here.
    config.val_dataloader = config.val_evaluator = config.val_cfg = None
    config.load_from, config.work_dir = str(warm_up), str(tmp_path / 'work')
    object.__setattr__(config, '_format_python_code', False)
    return config


def test_warm_up_is_evaluated(config, tmp_path):
    runner = Runner.from_cfg(config)
    metrics = runner.test()
    assert 0 <= metrics['student/PQ'] <= 100
    assert metrics['student/mIoU'] > 0
    log, = (tmp_path / 'work').glob('*/*.log')
    assert 'missing keys' not in log.read_text()
    assert 'unexpected key' not in log.read_text()
