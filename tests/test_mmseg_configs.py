"""configs/mmseg from end to end, on made data of CamVid's format."""
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from semantic_data import write_semantic_data

import dearli_mm  # noqa: F401

ROOT = Path(__file__).parents[1]
CONFIGS = ROOT / 'configs/mmseg'
SPLIT = ROOT / 'configs/_base_/datasets/splits/camvid_12.txt'
SEMI = 'dearli_tiny-clip_1xb4+4-1500_camvid-12-128x128'
SUPERVISED = 'supervised_tiny-clip_1xb4-1500_camvid-12-128x128'
SEMANTIC = 'clip-mask2former_tiny-clip_1xb4-1500_camvid-128x128'
TEST = 'test_tiny-clip_camvid-128'


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    """The 12 labelled images, four others, three of validation."""
    root = tmp_path_factory.mktemp('camvid')
    stems = [Path(line).stem for line in SPLIT.read_text().split()]
    write_semantic_data(root / 'train', stems + list('abcd'), [(96, 128)],
                        11, 11)
    write_semantic_data(root / 'val', list('efg'), [(96, 128), (90, 90)], 11,
                        11)
    return root


def run(name, data, work_dir, **changes):
    """Runner of a config, shrunk to two steps of small batches."""
    config = Config.fromfile(CONFIGS / f'{name}.py')
    object.__setattr__(config, '_format_python_code', False)
    _shrink(config._cfg_dict, str(data))
    if config.get('train_cfg'):
        config.train_cfg.update(max_iters=2, val_interval=2)
        config.train_cfg.pop('val_before_train', None)
        config.param_scheduler[0].end = 2
    for hook in config.get('custom_hooks') or ():
        hook.pop('burn_in', None)
    config.work_dir = str(work_dir)
    # mmengine's name has seconds: two runs in one would share their scope.
    config.experiment_name = work_dir.name
    config.merge_from_dict(changes)
    return Runner.from_cfg(config)


def _shrink(node, data):
    """Change every loader, text classifier and criterion, where it is."""
    if isinstance(node, (list, tuple)):
        for child in node:
            _shrink(child, data)
    if not isinstance(node, dict):
        return
    smaller = dict(num_workers=0, persistent_workers=False, num_points=64,
                   data_root=data)
    for key, value in smaller.items():
        if key in node:
            node[key] = value
    if node.get('batch_size', 1) > 1:
        node['batch_size'] = 2
    if node.get('type') == 'CLIPTextClassifier':
        node.update(templates='plain', cache_dir=None)
    for child in list(node.values()):
        _shrink(child, data)


@pytest.fixture(scope='module')
def trained(data, tmp_path_factory):
    """Work dir and validation of the semi-supervised run."""
    init_default_scope('mmdet')
    work_dir = tmp_path_factory.mktemp('semi')
    runner = run(SEMI, data, work_dir)
    runner.train()
    metrics = runner.val_loop.run()
    return work_dir / 'iter_2.pth', metrics


def test_semi_supervised_on_a_dataset_of_mmseg(trained):
    path, metrics = trained
    weights = torch.load(path, weights_only=True)['state_dict']
    assert any(key.startswith('teacher.panoptic_head') for key in weights)
    assert 0 < metrics['student/mIoU'] < 100
    assert metrics['student/PQ'] == metrics['student/PQ_st']


@pytest.mark.parametrize('network', ['student', 'teacher'])
def test_its_checkpoint_is_tested_by_mmseg(trained, data, network, tmp_path):
    path, metrics = trained
    runner = run(TEST, data, tmp_path, load_from=str(path), **{
        'model.network': network
    })
    assert runner.test()['mIoU'] == pytest.approx(
        metrics[f'{network}/mIoU'], abs=0.0051)


def test_supervised_and_its_checkpoint(data, tmp_path):
    runner = run(SUPERVISED, data, tmp_path)
    runner.train()
    expected = runner.val_loop.run()['student/mIoU']
    tested = run(TEST, data, tmp_path / 'test',
                 load_from=str(tmp_path / 'iter_2.pth')).test()
    assert tested['mIoU'] == pytest.approx(expected, abs=0.0051)


def test_purely_semantic_training(data, tmp_path):
    runner = run(SEMANTIC, data, tmp_path)
    before = runner.model.decode_head.query_feat.weight.clone()
    runner.train()
    assert not torch.equal(runner.model.decode_head.query_feat.weight, before)
    assert not any(p.requires_grad for p in
                   runner.model.backbone.parameters())
    weights = torch.load(tmp_path / 'iter_2.pth', weights_only=True)
    assert 'decode_head.void_embedding.weight' in weights['state_dict']
    assert 0 <= runner.val_loop.run()['mIoU'] < 100
