"""Whole runs of the quickstart's configuration, made very small."""
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from projects.toy_world.dataset import write_toy_world

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / 'configs/quickstart/dear_tiny-clip_toy-world.py'


@pytest.fixture(scope='module')
def world(tmp_path_factory):
    root = tmp_path_factory.mktemp('world')
    write_toy_world(str(root), train=8, val=2, labeled=3, size=64, seed=1)
    return root


def options(world, max_iters=4, **more):
    """Overrides, as --cfg-options takes them."""
    values = {
        'train_cfg.max_iters': max_iters,
        'train_cfg.val_interval': 100,
        'train_cfg.val_before_train': False,
        'param_scheduler.0.end': 4,
        'default_hooks.checkpoint.interval': 2,
        'default_hooks.logger.interval': 1,
        'default_hooks.visualization.max_images': 1,
        'model.detector.train_cfg.num_points': 64,
        **more
    }
    for part in ('labeled', 'unlabeled'):
        key = f'train_dataloader.{part}'
        split = str(world / 'splits' / 'labeled_3.txt')
        values.update({
            f'{key}.batch_size': 2,
            f'{key}.num_workers': 0,
            f'{key}.persistent_workers': False,
            f'{key}.dataset.split': split,
            f'{key}.dataset.dataset.data_root': str(world),
        })
    for part in ('val', 'test'):
        values.update({
            f'{part}_dataloader.num_workers': 0,
            f'{part}_dataloader.persistent_workers': False,
            f'{part}_dataloader.dataset.data_root': str(world),
        })
    return values


def load_config() -> Config:
    config = Config.fromfile(CONFIG)
    # mmengine formats the config for each checkpoint, which takes seconds.
    object.__setattr__(config, '_format_python_code', False)
    return config


def build_runner(world, work_dir, resume=False, **more) -> Runner:
    config = load_config()
    config.merge_from_dict(options(world, **more))
    config.work_dir = str(work_dir)
    config.resume = resume
    config.experiment_name = f'{work_dir.name}_{time.time_ns()}'
    return Runner.from_cfg(config)


def history(runner, name='train/loss'):
    return runner.message_hub.get_scalar(name).data[0].tolist()


def assert_same_weights(first, second):
    state = second.model.state_dict()
    for name, value in first.model.state_dict().items():
        assert torch.equal(value, state[name]), name


def test_resumed_run_equals_an_unbroken_one(world, tmp_path):
    whole = build_runner(world, tmp_path / 'whole')
    whole.train()
    build_runner(world, tmp_path / 'broken', max_iters=2).train()
    resumed = build_runner(world, tmp_path / 'broken', resume=True)
    resumed.train()
    assert history(whole) == history(resumed)
    assert history(whole, 'train/ema_decay') == pytest.approx(
        [0, 1 / 2, 2 / 3, 3 / 4])
    assert_same_weights(whole, resumed)
    optimiser = whole.optim_wrapper.optimizer.state_dict()['state']
    other = resumed.optim_wrapper.optimizer.state_dict()['state']
    for index, state in optimiser.items():
        assert torch.equal(state['exp_avg_sq'], other[index]['exp_avg_sq'])


def test_number_of_workers_changes_nothing(world, tmp_path):
    runs = []
    for workers in (0, 1):
        loader = {
            f'train_dataloader.{part}.num_workers': workers
            for part in ('labeled', 'unlabeled')
        }
        runner = build_runner(
            world, tmp_path / str(workers), max_iters=2, **loader)
        runner.train()
        runs.append(runner)
    assert history(runs[0]) == history(runs[1])


def test_training_moves_student_and_teacher(world, tmp_path):
    runner = build_runner(world, tmp_path, max_iters=2)
    model = runner.model
    runner.train()
    before = build_runner(world, tmp_path / 'untrained').model.state_dict()
    changed = {
        name
        for name, value in model.state_dict().items()
        if not torch.equal(value, before[name])
    }
    assert not any('backbone' in name for name in changed)
    for network in ('student', 'teacher'):
        name = f'{network}.panoptic_head.query_feat.weight'
        assert name in changed


def test_checkpoint_is_plain_and_has_the_backbone_once(world, tmp_path):
    build_runner(world, tmp_path, max_iters=2).train()
    checkpoint = torch.load(tmp_path / 'iter_2.pth', weights_only=True)
    names = list(checkpoint['state_dict'])
    assert sum('backbone.visual.trunk.stem.0.weight' in n for n in names) == 1
    assert 'DEARLi' in checkpoint['meta']['cfg']


def _command(world, work_dir, *flags):
    values = options(world, max_iters=4)
    return [
        sys.executable, '-m', 'mim', 'train', 'mmdet', str(CONFIG), '--gpus',
        '0', '--work-dir', str(work_dir), *flags, '--cfg-options',
        *(f'{key}={value}' for key, value in values.items())
    ]


@pytest.fixture
def environment():
    path = os.pathsep.join([str(ROOT), os.environ.get('PYTHONPATH', '')])
    return dict(os.environ, PYTHONPATH=path, OMP_NUM_THREADS='1')


def test_killed_between_checkpoints_and_resumed(world, tmp_path, environment):
    """SIGKILL after step 3; the checkpoint is of step 2."""
    work_dir = tmp_path / 'killed'
    process = subprocess.Popen(
        _command(world, work_dir),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True)
    lines = []
    for line in process.stdout:
        lines.append(line)
        if 'Iter(train) [3/4]' in line:
            os.killpg(process.pid, signal.SIGKILL)
            break
    process.wait()
    process.stdout.close()
    assert (work_dir / 'iter_2.pth').is_file(), ''.join(lines[-30:])
    assert not (work_dir / 'iter_4.pth').exists()
    # The unbroken run goes the same way, so that threads are the same.
    for folder, flags in ((work_dir, ['--resume']), (tmp_path / 'whole', [])):
        done = subprocess.run(
            _command(world, folder, *flags),
            env=environment,
            capture_output=True,
            text=True)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    resumed, whole = (
        torch.load(folder / 'iter_4.pth', weights_only=True)['state_dict']
        for folder in (work_dir, tmp_path / 'whole'))
    for name, value in whole.items():
        assert torch.equal(resumed[name], value), name


def test_validation_reports_both_networks_and_draws(world, tmp_path):
    runner = build_runner(
        world,
        tmp_path,
        max_iters=1,
        **{'train_cfg.val_before_train': True})
    runner.train()
    for network in ('student', 'teacher'):
        for name in ('PQ', 'SQ_th', 'RQ_st', 'mIoU'):
            assert len(history(runner, f'val/{network}/{name}')) == 2
    assert len(list((tmp_path / 'pictures').glob('*.png'))) == 1
    assert list(tmp_path.glob('best_student_PQ_iter_*.pth'))


@pytest.mark.parametrize('change,message', [
    (dict(train_dataloader=dict(batch_size=1)), "dict of the two loaders"),
    ('sampler', 'ResumableInfiniteSampler'),
])
def test_bad_loaders_stop_the_run_at_once(world, tmp_path, change, message):
    config = load_config()
    config.merge_from_dict(options(world))
    config.work_dir = str(tmp_path)
    if change == 'sampler':
        config.train_dataloader.labeled.sampler = dict(type='InfiniteSampler')
    else:
        config.update(change)
    with pytest.raises(ValueError, match=message):
        Runner.from_cfg(config).train()


def _poison(runner, where):
    """Make the second step go wrong, in the loss or in a gradient."""
    head = runner.model.student.panoptic_head
    calls = []
    if where == 'loss':
        original = head.loss_by_feat

        def poisoned(*args):
            calls.append(1)
            losses = original(*args)
            if len(calls) == 3:  # labelled part of the second step
                losses['d0.loss_dice'] = losses['d0.loss_dice'] * float('nan')
            return losses

        head.loss_by_feat = poisoned
    else:

        def hook(grad):
            calls.append(1)
            return grad * float('inf') if len(calls) == 2 else grad

        head.query_feat.weight.register_hook(hook)


@pytest.mark.parametrize('where,term', [
    ('loss', 'labeled_loss_dice'),
    ('gradient', 'student.panoptic_head.query_feat.weight'),
])
def test_nonfinite_step_stops_the_run(world, tmp_path, where, term):
    runner = build_runner(world, tmp_path)
    runner.train_loop  # builds it
    _poison(runner, where)
    with pytest.raises(RuntimeError, match=f'step 2: non-finite {where}: .*'
                       f'{term}') as error:
        runner.train()
    assert 'labeled: ' in str(error.value) and '.jpg' in str(error.value)
    record = torch.load(
        tmp_path / 'nonfinite_step_2_rank_0.pth', weights_only=True)
    assert term in record['terms'] and len(record['images']) == 4
    assert record['inputs']['weak'][0].shape == (3, 128, 128)
    assert all(v.isfinite().all() for v in record['state_dict'].values())


@pytest.mark.parametrize('where', ['loss', 'gradient'])
def test_nonfinite_step_is_skipped_and_counted(world, tmp_path, where):
    runner = build_runner(
        world, tmp_path, max_iters=3, **{'train_cfg.on_nonfinite': 'skip'})
    loop = runner.train_loop
    _poison(runner, where)
    runner.train()
    assert loop.skipped_steps == 1 and loop.iter == 3
    assert len(history(runner)) == 2
    assert all(v.isfinite().all() for v in runner.model.state_dict().values())


def test_epoch_based_loop_is_refused(world, tmp_path):
    config = load_config()
    config.merge_from_dict(options(world))
    config.work_dir = str(tmp_path)
    config.train_dataloader = config.train_dataloader.labeled
    config.train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=1)
    with pytest.raises(ValueError, match="train_cfg.type='SemiSupTrainLoop'"):
        Runner.from_cfg(config).train()
