"""Batch size and learning rate, as scaled and as recorded."""
import torch
from test_semi_sup_training import build_runner, world  # noqa: F401

from dearli_mm.engine.loops.batch_size import TOTAL_BATCH_SIZE

EXPECTED = {'train_dataloader.labeled': 2, 'train_dataloader.unlabeled': 2}


def train(world, work_dir, **more):  # noqa: F811
    runner = build_runner(
        world,
        work_dir,
        max_iters=2,
        **{
            'auto_scale_lr.base_batch_size': 8,
            **more
        })
    runner.train()
    log, = work_dir.glob('*/*.log')
    return runner, log.read_text()


def test_auto_scale_lr_counts_labelled_images(world, tmp_path):  # noqa: F811
    runner, log = train(world, tmp_path, **{'auto_scale_lr.enable': True})
    for group in runner.optim_wrapper.optimizer.param_groups:
        assert group['initial_lr'] == 1e-3 * 2 / 8
    assert 'learning rate 0.00025,' in log
    assert 'images, 2 in a step' in log


def test_total_batch_is_in_the_checkpoint(world, tmp_path):  # noqa: F811
    runner, log = train(world, tmp_path,
                        **{'optim_wrapper.accumulative_counts': 2})
    doubled = {key: 2 * count for key, count in EXPECTED.items()}
    assert runner.message_hub.get_info(TOTAL_BATCH_SIZE) == doubled
    assert 'images, 2 x 2 accumulated in a step' in log
    assert 'learning rate 0.001,' in log
    checkpoint = torch.load(tmp_path / 'iter_2.pth', weights_only=True)
    assert str(doubled) in str(checkpoint['message_hub'])
