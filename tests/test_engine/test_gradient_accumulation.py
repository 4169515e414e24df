"""Several iterations a step of the optimiser."""
import pytest
import torch
from mmengine.hooks import Hook
from test_semi_sup_training import (_poison, assert_same_weights,
                                    build_runner, history, world)  # noqa: F401

ACCUMULATE = {'optim_wrapper.accumulative_counts': 2}


class Gradients(Hook):
    """Notes the gradients that each step of the optimiser gets."""

    def __init__(self):
        self.steps = []

    def before_train(self, runner):
        optimizer = runner.optim_wrapper.optimizer
        parameters = [
            p for group in optimizer.param_groups for p in group['params']
        ]
        optimizer.register_step_pre_hook(
            lambda *_: self.steps.append([p.grad.clone() for p in parameters]))


def gradients(world, work_dir, **more):  # noqa: F811
    runner = build_runner(
        world,
        work_dir,
        max_iters=2,
        **{
            'optim_wrapper.clip_grad': None,
            'optim_wrapper.optimizer.lr': 0.,  # the weights stay
            **more
        })
    hook = Gradients()
    runner.register_hook(hook)
    runner.train()
    return hook.steps


def test_gradient_is_the_mean_of_the_micro_batches(
        world, tmp_path):  # noqa: F811
    first, second = gradients(world, tmp_path / 'each')
    together, = gradients(world, tmp_path / 'together', **ACCUMULATE)
    for one, two, both in zip(first, second, together):
        torch.testing.assert_close(both, (one + two) / 2)
    assert not torch.equal(first[0], second[0])


def test_teacher_follows_the_steps_of_the_optimiser(
        world, tmp_path):  # noqa: F811
    whole = build_runner(world, tmp_path / 'whole', **ACCUMULATE)
    hook = Gradients()
    whole.register_hook(hook)
    whole.train()
    assert len(hook.steps) == 2
    assert history(whole, 'train/ema_decay') == [0, 0.5]

    build_runner(world, tmp_path / 'broken', max_iters=2, **ACCUMULATE).train()
    resumed = build_runner(
        world, tmp_path / 'broken', resume=True, **ACCUMULATE)
    resumed.train()
    assert history(resumed) == history(whole)
    assert_same_weights(whole, resumed)


def test_skipped_iteration_takes_its_accumulated_ones_along(
        world, tmp_path):  # noqa: F811
    runner = build_runner(
        world, tmp_path, **ACCUMULATE, **{'train_cfg.on_nonfinite': 'skip'})
    runner.train_loop
    _poison(runner, 'loss')  # of the second iteration
    hook = Gradients()
    runner.register_hook(hook)
    runner.train()
    assert runner.train_loop.skipped_steps == 1
    assert len(hook.steps) == 1
    # To the hooks it was a step that changed nothing.
    assert history(runner, 'train/ema_decay') == [0.0, 0.5]


@pytest.mark.parametrize('changes,message', [
    ({'default_hooks.checkpoint.interval': 3},
     r'default_hooks\.checkpoint\.interval=3 must be a multiple of 2'),
    ({'train_cfg.val_interval': 1},
     r'train_cfg\.val_interval=1 must be a multiple of 2'),
    ({'auto_scale_lr.enable': True}, r'auto_scale_lr\.enable=True scales'),
])
def test_settings_that_do_not_go_together(world, tmp_path,  # noqa: F811
                                          changes, message):
    runner = build_runner(world, tmp_path, **ACCUMULATE, **changes)
    with pytest.raises(ValueError, match='accumulative_counts=2: ' + message):
        runner.train()


def test_resuming_between_two_steps_is_refused(world, tmp_path):  # noqa: F811
    build_runner(
        world, tmp_path, max_iters=1, **{
            'default_hooks.checkpoint.interval': 1
        }).train()
    resumed = build_runner(world, tmp_path, resume=True, **ACCUMULATE)
    with pytest.raises(ValueError, match='cannot go on at iteration 1, which '
                       'is no multiple of 2'):
        resumed.train()
