"""The whole way: masks, warm-up, resume, and DEARLi started from it."""
import time

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from test_semi_sup_training import (ROOT, assert_same_weights,  # noqa: F401
                                    build_runner, history, world)

from dearli_mm.datasets.masks import MaskFolder
from dearli_mm.masks import coco_instances, encode_masks

CONFIG = (ROOT / 'configs/sam_warmup' /
          'sam-warmup_tiny-clip_1xb8-1000_toy-world-128x128.py')


@pytest.fixture(scope='module')
def masks(world, tmp_path_factory):  # noqa: F811
    """Bright and dark parts of the channels of each image."""
    folder = MaskFolder(tmp_path_factory.mktemp('masks'))
    settings = dict(generator='channels')
    folder.prepare(settings)
    for path in (world / 'train' / 'images').iterdir():
        image = cv2.imread(str(path)).transpose(2, 0, 1)
        found = np.concatenate((image > 127, image < 60))
        found = found[found.any((1, 2))]
        height, width = image.shape[1:]
        instances = coco_instances(
            encode_masks(found), np.ones(len(found)), np.ones(len(found)),
            [(0, 0, width, height)] * len(found), [(0, 0)] * len(found))
        folder.write(path.name, height, width, instances)
    return folder.root


def build(world, masks, work_dir, max_iters=4, resume=False,  # noqa: F811
          **more):
    config = Config.fromfile(CONFIG)
    # mmengine formats the config for each checkpoint, which takes seconds.
    object.__setattr__(config, '_format_python_code', False)
    config.merge_from_dict({
        'train_cfg.max_iters': max_iters,
        'train_cfg.val_before_train': False,
        'param_scheduler.0.end': 4,
        'default_hooks.checkpoint.interval': 2,
        'default_hooks.logger.interval': 1,
        'model.train_cfg.num_points': 64,
        'train_dataloader.batch_size': 2,
        'train_dataloader.num_workers': 0,
        'train_dataloader.persistent_workers': False,
        'train_dataloader.dataset.data_root': '',
        'train_dataloader.dataset.data_prefix': dict(
            img=str(world / 'train' / 'images'), masks=str(masks)),
        'val_dataloader.num_workers': 0,
        'val_dataloader.persistent_workers': False,
        'val_dataloader.dataset.data_root': str(world),
        **more
    })
    config.work_dir = str(work_dir)
    config.resume = resume
    config.experiment_name = f'{work_dir.name}_{time.time_ns()}'
    return Runner.from_cfg(config)


def test_warmup_resumes_and_starts_dearli(
        world, masks, tmp_path):  # noqa: F811
    whole = build(world, masks, tmp_path / 'whole')
    whole.train()
    names = {name for name in whole.message_hub.log_scalars
             if name.startswith('val/recall')}
    assert names == {
        f'val/recall/AR@{k}{group}'
        for k in (10, 100) for group in ('', '_th', '_st')
    }
    assert history(whole, 'train/loss_cls') == [0] * 4
    build(world, masks, tmp_path / 'broken', max_iters=2).train()
    resumed = build(world, masks, tmp_path / 'broken', resume=True)
    resumed.train()
    assert history(whole) == history(resumed)
    assert_same_weights(whole, resumed)

    hooks = [
        dict(type='EMATeacherHook', decay=0.999, ramp='auto'),
        dict(type='SAMWarmupHook',
             checkpoint=str(tmp_path / 'whole' / 'iter_4.pth'))
    ]
    dearli = build_runner(world, tmp_path / 'dearli', max_iters=1,
                          custom_hooks=hooks)
    dearli.train()
    assert history(dearli, 'train/ema_decay') == [0.999]
    warm = whole.model.panoptic_head.query_feat.weight
    teacher = dearli.model.teacher.panoptic_head.query_feat.weight
    student = dearli.model.student.panoptic_head.query_feat.weight
    assert not torch.equal(student, warm)
    assert torch.allclose(teacher, 0.999 * warm + 0.001 * student, atol=1e-6)


def test_loop_needs_its_sampler(world, masks, tmp_path):  # noqa: F811
    runner = build(world, masks, tmp_path, **{
        'train_dataloader.sampler.type': 'InfiniteSampler'})
    with pytest.raises(ValueError, match='ResumableInfiniteSampler'):
        runner.train()
