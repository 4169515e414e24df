from types import SimpleNamespace

import pytest
import torch
from mmengine.logging import MessageHub
from torch import nn
from torch.testing import assert_close

from dearli_mm.engine.hooks import EMATeacherHook
from dearli_mm.engine.hooks.ema_teacher_hook import TEACHER_IS_INITIALIZED


class Pair(nn.Module):

    def __init__(self):
        super().__init__()
        self.student = self._network(1.)
        self.teacher = self._network(0.).requires_grad_(False)

    @staticmethod
    def _network(value):
        network = nn.ModuleDict(
            dict(
                trained=nn.Linear(2, 2),
                frozen=nn.Linear(2, 2).requires_grad_(False),
                norm=nn.BatchNorm1d(2)))
        for parameter in network.parameters():
            nn.init.constant_(parameter, value)
        nn.init.constant_(network['norm'].running_mean, 5 * value)
        return network


@pytest.fixture
def runner(request):
    return SimpleNamespace(
        model=Pair(),
        message_hub=MessageHub(request.node.name),
        optim_wrapper=SimpleNamespace(_accumulative_counts=1),
        iter=0,
        max_iters=100,
        _load_from=None,
        _resume=False)


def teacher_weight(runner):
    return runner.model.teacher['trained'].weight[0, 0].item()


def test_ramp_copies_first_then_averages(runner):
    hook = EMATeacherHook(decay=0.999)
    hook.before_train(runner)
    hook.after_train_iter(runner, 0)
    assert teacher_weight(runner) == 1.0
    with torch.no_grad():
        runner.model.student['trained'].weight.fill_(3.0)
    runner.iter = 1
    hook.after_train_iter(runner, 1)  # d = 1/2
    assert teacher_weight(runner) == pytest.approx(2.0)
    scalars = runner.message_hub.get_scalar('train/ema_decay')
    assert scalars.data[0].tolist() == [0.0, 0.5]


def test_frozen_parameters_stay_and_buffers_are_copied(runner):
    hook = EMATeacherHook(ramp=False)
    hook.before_train(runner)
    hook.after_train_iter(runner, 0)
    teacher = runner.model.teacher
    assert teacher_weight(runner) == pytest.approx(0.001)
    assert (teacher['frozen'].weight == 0).all()
    assert_close(teacher['norm'].running_mean, torch.full((2, ), 5.))


@pytest.mark.parametrize('how', ['load_from', 'warm-up'])
def test_given_weights_keep_their_decay_from_the_first_step(runner, how):
    if how == 'load_from':
        runner._load_from = 'some.pth'
    else:
        runner.message_hub.update_info(TEACHER_IS_INITIALIZED, True)
    hook = EMATeacherHook(decay=0.9)
    hook.before_train(runner)
    hook.after_train_iter(runner, 0)
    assert teacher_weight(runner) == pytest.approx(0.1)


def test_resuming_is_not_starting_from_given_weights(runner):
    runner._load_from, runner._resume, runner.iter = 'last.pth', True, 3
    hook = EMATeacherHook(decay=0.999)
    hook.before_train(runner)
    hook.after_train_iter(runner, 3)
    assert teacher_weight(runner) == pytest.approx(0.25)  # d = 1 - 1/4


def test_accumulation_updates_once_an_optimiser_step(runner):
    runner.optim_wrapper._accumulative_counts = 2
    hook = EMATeacherHook()
    hook.before_train(runner)
    hook.after_train_iter(runner, 0)
    assert teacher_weight(runner) == 0.0
    runner.iter = 1
    hook.after_train_iter(runner, 1)
    assert teacher_weight(runner) == 1.0


def test_burn_in_waits_then_copies(runner):
    hook = EMATeacherHook(decay=0.9, burn_in=2)
    hook.before_train(runner)
    weights, burning = [], []
    for runner.iter in range(4):
        with torch.no_grad():
            runner.model.student['trained'].weight.fill_(runner.iter + 1.)
        hook.before_train_iter(runner, runner.iter)
        hook.after_train_iter(runner, runner.iter)
        weights.append(teacher_weight(runner))
        burning.append(runner.model.burning_in)
    assert weights == pytest.approx([0., 0., 3., 0.9 * 3 + 0.1 * 4])
    assert burning == [True, True, False, False]


def test_parameters_are_paired_by_name(runner):
    runner.model.teacher['trained'] = nn.Linear(3, 2)
    with pytest.raises(ValueError, match=r'trained.weight.*\(2, 3\)'):
        EMATeacherHook().before_train(runner)
    del runner.model.teacher
    with pytest.raises(ValueError, match='student and teacher, not a Pair'):
        EMATeacherHook().before_train(runner)


@pytest.mark.parametrize('arguments,message', [(dict(decay=1.5), 'decay=1.5'),
                                               (dict(ramp='x'), "ramp='x'"),
                                               (dict(burn_in=-1), 'negative')
                                               ])
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        EMATeacherHook(**arguments)
