"""Whole runs of the quickstart's configuration, made very small."""
import copy
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from dearli_mm.datasets.samplers import mix_seeds
from dearli_mm.engine.log_processor import PanopticLogProcessor
from dearli_mm.engine.preflight import config_dicts
from projects.toy_world.dataset import write_toy_world

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / 'configs/quickstart/dear_tiny-clip_toy-world.py'


@pytest.fixture(scope='module')
def world(tmp_path_factory):
    root = tmp_path_factory.mktemp('world')
    write_toy_world(str(root), train=8, val=2, labeled=3, size=64, seed=1)
    return root


@pytest.fixture(scope='module', autouse=True)
def one_thread():
    """As the processes have that are started here."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope='module')
def whole(world, tmp_path_factory, one_thread):
    """An unbroken run of four steps, with checkpoints of steps 2 and 4."""
    init_default_scope('mmdet')
    runner = build_runner(world, tmp_path_factory.mktemp('whole'))
    runner.train()
    return runner


def checkpoint(runner, step):
    return Path(runner.work_dir) / f'iter_{step}.pth'


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
    return {**values, **more}


def load_config() -> Config:
    config = Config.fromfile(CONFIG)
    # mmengine formats the config for each checkpoint, which takes seconds.
    object.__setattr__(config, '_format_python_code', False)
    return config


def build_runner(world, work_dir, resume=False, load_from=None,
                 **more) -> Runner:
    config = load_config()
    config.merge_from_dict(options(world, **more))
    config.work_dir = str(work_dir)
    config.resume = resume
    config.load_from = load_from and str(load_from)
    config.experiment_name = f'{work_dir.name}_{time.time_ns()}'
    return Runner.from_cfg(config)


def test_a_config_from_the_package_by_name(world, tmp_path):
    """mmengine marks what comes from ``dearli_mm::...`` with that scope."""
    config = load_config()
    config.merge_from_dict(options(world, max_iters=1))
    marked = ('-', )
    for key, node in config_dicts('', config._cfg_dict):
        if 'type' in node and not key.startswith(marked):  # outermost alone
            node['_scope_'] = 'dearli_mm'
            marked += (f'{key}.', )
    config.work_dir = str(tmp_path)
    config.experiment_name = f'by_name_{time.time_ns()}'
    runner = Runner.from_cfg(config)
    assert isinstance(runner.log_processor, PanopticLogProcessor)
    runner.train()
    assert runner.iter == 1


def history(runner, name='train/loss'):
    return runner.message_hub.get_scalar(name).data[0].tolist()


def assert_same_weights(first, second):
    state = second.model.state_dict()
    for name, value in first.model.state_dict().items():
        assert torch.equal(value, state[name]), name


def test_resumed_run_equals_an_unbroken_one(world, whole, tmp_path):
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


class Workers(Hook):
    """Counts the processes of the loaders while training goes on."""

    def __init__(self):
        self.counts = set()

    def after_train_iter(self, runner, batch_idx, data_batch=None,
                         outputs=None):
        self.counts.add(len(multiprocessing.active_children()))


@pytest.mark.parametrize('persistent', [False, True])
def test_number_of_workers_changes_nothing(world, whole, tmp_path,
                                           persistent):
    runner = build_runner(world, tmp_path, max_iters=2, **{
        f'train_dataloader.{part}.{key}': value
        for part in ('labeled', 'unlabeled')
        for key, value in (('num_workers', 2),
                           ('persistent_workers', persistent))})
    hook = Workers()
    runner.register_hook(hook)
    runner.train()
    assert hook.counts == {4}  # none is left idle
    assert not multiprocessing.active_children()
    assert history(runner) == history(whole)[:2]


def test_streams_share_no_seed(world, tmp_path):
    runner = build_runner(world, tmp_path)
    loop = runner.train_loop
    loop._open_streams()
    seeds = [
        [draw.seed for draw in islice(loader.sampler, 20)]
        for loader in loop.dataloaders.values()
    ]
    seeds.append([mix_seeds(loop._seed, 0, 0, step) for step in range(20)])
    assert len(set(sum(seeds, []))) == 60


def test_seed_that_was_drawn_is_resumed(world, tmp_path):
    unseeded = {'randomness.seed': None}
    whole = build_runner(world, tmp_path / 'whole', **unseeded)
    whole.train()
    resumed = build_runner(
        world,
        tmp_path / 'resumed',
        resume=True,
        load_from=tmp_path / 'whole' / 'iter_2.pth',
        **unseeded)
    resumed.train()
    assert history(whole) == history(resumed)
    assert_same_weights(whole, resumed)


def rates_of(runner):
    """Learning rate of each step."""
    return history(runner, 'train/lr')


def logged(folder):
    return ''.join(path.read_text() for path in folder.glob('*/*.log'))


def test_longer_schedule_holds_after_resuming(world, whole, tmp_path):
    resumed = build_runner(
        world, tmp_path, resume=True, load_from=checkpoint(whole, 4),
        **{'max_iters': 8, 'param_scheduler.0.end': 8})
    resumed.train()
    assert rates_of(resumed)[4:] == pytest.approx(
        [1e-3 * (1 - step / 7)**0.9 for step in range(4, 8)])
    assert 'param_scheduler.0: end: 4 in the checkpoint, 8 in the config' \
        in logged(tmp_path)


def test_other_rate_holds_after_resuming(world, whole, tmp_path):
    resumed = build_runner(
        world, tmp_path, resume=True, load_from=checkpoint(whole, 2),
        **{'optim_wrapper.optimizer.lr': 1e-2})
    resumed.train()
    rates = rates_of(resumed)
    assert rates[2] / rates[1] == pytest.approx(10 * 0.5**0.9)
    assert 'initial_lr: 0.001 in the checkpoint, 0.01 in the config' in \
        logged(tmp_path)


@pytest.mark.parametrize('part,decays', [
    ('student.', [0.99, 0.99]),  # both start from given weights
    ('student.backbone.', [0., 0.5]),  # the teacher is the student's copy
])
def test_checkpoint_of_a_part_starts_both(world, whole, tmp_path, part,
                                          decays):
    state = torch.load(
        checkpoint(whole, 2), weights_only=True)['state_dict']
    path = tmp_path / 'part.pth'
    torch.save(
        dict(state_dict={
            k: v for k, v in state.items() if k.startswith(part)
        }), path)
    runner = build_runner(
        world, tmp_path / 'second', max_iters=2, load_from=path)
    before = []

    class Before(Hook):

        def before_train(self, runner):
            before.append(copy.deepcopy(runner.model.state_dict()))

    runner.register_hook(Before())
    runner.train()
    for name, value in before[0].items():
        if name.startswith('teacher.'):
            twin = name.replace('teacher.', 'student.')
            assert torch.equal(value, before[0][twin]), name
            if twin in state and part == 'student.':
                assert torch.equal(value, state[twin]), name
    assert history(runner, 'train/ema_decay') == pytest.approx(decays)
    log, = (tmp_path / 'second').glob('*/*.log')
    assert 'teacher: 0 tensors of its own in the checkpoint' in log.read_text()


def test_what_looks_wrong_is_told(world, tmp_path):
    build_runner(
        world, tmp_path, max_iters=2, train_dataloadr=1, my_number=2, **{
            'train_dataloader.unlabeled.batch_size': 1,
            'train_dataloader.unlabeled.dataset.images':
            str(world / 'val/images'),
            'param_scheduler.0.end': 1}).train()
    log = logged(tmp_path)
    assert log.count('did you mean') == 1
    assert "train_dataloadr (did you mean 'train_dataloader'?)" in log
    assert 'CutMix is off' in log
    assert '2 images of validation are in train_dataloader.unlabeled' in log
    assert 'param_scheduler.0.end=1, but train_cfg.max_iters=2' in log


@pytest.mark.parametrize('key,value,meant', [
    ('train_cfg.on_nonfinit', 'skip', 'on_nonfinit'),
    ('default_hooks.checkpoint.intervall', 2, "'interval'"),
    ('default_hooks.visualization.max_image', 2, 'max_image'),
    ('custom_hooks.0.burnin', 2, 'burnin'),
    ('model.detector.panoptic_head.void_wieght', .5, "'void_weight'"),
    ('model.detector.panoptic_head.num_querys', 5, "'num_queries'"),
    ('model.detector.test_cfg.score_threshold', .5, "'score_thr'"),
    ('model.detector.test_cfg.object_mask_thr', .5, "'score_thr'"),
    ('model.detector.train_cfg.num_point', 5, "'num_points'"),
    ('model.detector.panoptic_fusion_head.loss_panoptc', None,
     "'loss_panoptic'"),
    ('train_dataloader.labeled.dataset.splits', 'x', 'splits'),
    ('optim_wrapper.paramwise_cfg.norm_decay_mul', 0., "'norm_decay_mult'"),
])
def test_unknown_settings_are_refused(world, tmp_path, key, value, meant):
    with pytest.raises((TypeError, ValueError), match=meant):
        build_runner(world, tmp_path, max_iters=1, **{key: value}).train()


def test_training_moves_student_and_teacher(world, whole, tmp_path):
    before = build_runner(world, tmp_path).model.state_dict()
    changed = {
        name
        for name, value in whole.model.state_dict().items()
        if not torch.equal(value, before[name])
    }
    assert not any('backbone' in name for name in changed)
    for network in ('student', 'teacher'):
        name = f'{network}.panoptic_head.query_feat.weight'
        assert name in changed


def test_checkpoint_is_plain_and_has_the_backbone_once(whole):
    found = torch.load(checkpoint(whole, 2), weights_only=True)
    names = list(found['state_dict'])
    assert sum('backbone.visual.trunk.stem.0.weight' in n for n in names) == 1
    assert 'DEARLi' in found['meta']['cfg']


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


def test_killed_between_checkpoints_and_resumed(world, whole, tmp_path,
                                                environment):
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
    done = subprocess.run(
        _command(world, work_dir, '--resume'), env=environment,
        capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    resumed, unbroken = (
        torch.load(path, weights_only=True)['state_dict']
        for path in (work_dir / 'iter_4.pth', checkpoint(whole, 4)))
    for name, value in unbroken.items():
        assert torch.equal(resumed[name], value), name


class Send(Hook):
    """Sends this process a signal after a step."""

    def __init__(self, number, step):
        self.number, self.step = number, step

    def after_train_iter(self, runner, batch_idx, data_batch=None,
                         outputs=None):
        if runner.iter + 1 == self.step:
            os.kill(os.getpid(), self.number)


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_stopped_by_a_signal_and_resumed(world, whole, tmp_path, number,
                                         capsys, monkeypatch):
    command = ['python', 'tools/train.py', 'my config.py']
    monkeypatch.setattr(sys, 'orig_argv', command)
    former = signal.getsignal(number)
    runner = build_runner(world, tmp_path / 'run')
    runner.register_hook(Send(number, 3))
    with pytest.raises(SystemExit) as stop:
        runner.train()
    assert stop.value.code == 130 and signal.getsignal(number) == former
    screen = capsys.readouterr()
    assert 'once more ends it at once' in screen.err
    assert (f"{signal.Signals(number).name}: stopped after step 3; python "
            "tools/train.py 'my config.py' --resume goes on from "
            f"{tmp_path / 'run/iter_3.pth'}") in screen.out
    assert torch.load(tmp_path / 'run/iter_3.pth',
                      weights_only=True)['meta']['iter'] == 3
    resumed = build_runner(world, tmp_path / 'run', resume=True)
    resumed.train()
    assert_same_weights(whole, resumed)


def test_signals_wait_for_the_optimiser(world, tmp_path):
    runner = build_runner(world, tmp_path, **{
        'optim_wrapper.accumulative_counts': 2})
    runner.register_hook(Send(signal.SIGINT, 1))
    with pytest.raises(SystemExit):
        runner.train()
    assert runner.iter == 2 and (tmp_path / 'iter_2.pth').is_file()


LOCK = """
import fcntl, sys, time
file = open(sys.argv[1], 'w')
fcntl.lockf(file, fcntl.LOCK_EX)
file.write('process 7 on far')
file.flush()
print('locked', flush=True)
time.sleep(60)
"""


def test_one_run_per_work_dir(world, tmp_path):
    with subprocess.Popen(
            [sys.executable, '-c', LOCK, str(tmp_path / '.lock')],
            stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        with pytest.raises(RuntimeError, match='in use by process 7 on far'):
            build_runner(world, tmp_path, max_iters=1).train()
        assert not (tmp_path / 'last_checkpoint').exists()
        other.kill()
    # Nothing of a killed run is in the way.
    build_runner(world, tmp_path, max_iters=2).train()
    assert (tmp_path / '.lock').read_text().startswith(
        f'process {os.getpid()} on ')


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
    # Hooks saw the step: the checkpoint due there, schedule and teacher.
    assert (tmp_path / 'iter_2.pth').is_file()
    assert runner.param_schedulers[0].last_step == 3
    assert len(history(runner, 'train/ema_decay')) == 3


def test_epoch_based_loop_is_refused(world, tmp_path):
    config = load_config()
    config.merge_from_dict(options(world))
    config.work_dir = str(tmp_path)
    config.train_dataloader = config.train_dataloader.labeled
    config.train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=1)
    with pytest.raises(ValueError, match="train_cfg.type='SemiSupTrainLoop'"):
        Runner.from_cfg(config).train()
