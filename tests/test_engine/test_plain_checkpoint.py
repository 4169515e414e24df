import os
from collections import OrderedDict

import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmengine.logging import HistoryBuffer
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import nn

import dearli_mm  # noqa: F401
from dearli_mm.utils.atomic_backend import AtomicLocalBackend
from dearli_mm.engine.plain_state import (TAG, NotPlainError, from_plain,
                                          to_plain)


class ToyModel(BaseModel):

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 1), nn.BatchNorm1d(1))

    def forward(self, inputs, mode='tensor'):
        output = self.net(torch.stack(inputs))
        if mode == 'loss':
            return dict(loss=(output**2).mean() + output.std())
        return output


class ToyEvaluator(Evaluator):
    """PQ is the iteration: better every time."""

    def evaluate(self, size):
        return {'student/PQ': float(self.runner.iter)}


def toy_runner(work_dir, max_iters, max_keep_ckpts=1, **kwargs):
    data = torch.arange(16.).view(8, 2).tolist()
    loader = dict(
        dataset=[dict(inputs=torch.tensor(item)) for item in data],
        sampler=dict(type='InfiniteSampler', shuffle=False),
        batch_size=4)
    torch.manual_seed(0)
    evaluator = ToyEvaluator([])
    runner = Runner(
        model=ToyModel(),
        work_dir=str(work_dir),
        train_dataloader=loader,
        train_cfg=dict(type='IterBasedTrainLoop', max_iters=max_iters,
                       val_interval=2),
        val_dataloader=dict(
            dataset=[dict(inputs=torch.zeros(2))],
            sampler=dict(type='DefaultSampler', shuffle=False)),
        val_cfg=dict(),
        val_evaluator=evaluator,
        optim_wrapper=dict(optimizer=dict(type='AdamW', lr=0.1)),
        param_scheduler=dict(type='PolyLR', by_epoch=False, end=8),
        default_scope='mmdet',
        default_hooks=dict(
            plain_checkpoint=dict(type='PlainCheckpointHook'),
            checkpoint=dict(
                type='AtomicCheckpointHook',
                by_epoch=False,
                interval=2,
                max_keep_ckpts=max_keep_ckpts,
                save_best='student/PQ')),
        log_processor=dict(by_epoch=False),
        randomness=dict(seed=0),
        experiment_name=f'toy_{os.urandom(4).hex()}',
        **kwargs)
    evaluator.runner = runner
    return runner


def train(work_dir, max_iters, **kwargs):
    runner = toy_runner(work_dir, max_iters, **kwargs)
    runner.train()
    return runner


def checkpoints(work_dir):
    return sorted(path.name for path in work_dir.glob('*.pth'))


def test_plain_round_trip_restores_history():
    history = HistoryBuffer([1.5, 2.5, 3.5], [1, 1, 2], max_length=7)
    state = {
        'history': OrderedDict(loss=history),
        'number': np.float64(0.1),
        'count': np.int64(3),
        'array': np.arange(3),
        'wide': np.array([1, 2**32 - 1], dtype=np.uint32),
        'names': np.array(['a', 'b']),
        'nested': [(1, None, True), 'text'],
    }
    plain = to_plain(state)
    assert plain['history']['loss'][TAG] == 'HistoryBuffer'
    assert type(plain['number']) is float and type(plain['count']) is int
    assert plain['array'].equal(torch.arange(3))
    assert plain['wide'] == [1, 2**32 - 1] and plain['names'] == ['a', 'b']
    assert plain['nested'] == state['nested']
    assert state['history']['loss'] is history  # the live object stays

    restored = from_plain(plain)['history']['loss']
    assert restored.max_length == 7
    for ours, original in zip(restored.data, history.data):
        np.testing.assert_array_equal(ours, original)
        assert ours.dtype == original.dtype
    restored.update(4.5)
    assert len(history.data[0]) == 3


def test_state_dict_keeps_its_metadata():
    state = nn.BatchNorm1d(2).state_dict()
    plain = to_plain(state)
    assert isinstance(plain, OrderedDict)
    assert plain._metadata == state._metadata
    assert from_plain(plain)._metadata == state._metadata
    assert plain['weight'].data_ptr() == state['weight'].data_ptr()


@pytest.mark.parametrize('foreign', [object(), {1, 2}, print, 1j])
def test_foreign_object_is_refused_by_its_path(foreign):
    with pytest.raises(NotPlainError, match=r"\['a'\]\[1\] is a .*weights_"):
        to_plain({'a': [0, foreign]})


def test_unknown_tag_is_refused():
    with pytest.raises(NotPlainError, match="'Later'.*Update"):
        from_plain({'x': [{TAG: 'Later'}]})


def test_checkpoint_loads_safely_and_resumes_with_its_history(tmp_path):
    straight = train(tmp_path / 'straight', 8)
    train(tmp_path / 'parted', 4)
    path = tmp_path / 'parted' / 'iter_4.pth'
    torch.load(path, weights_only=True)

    runner = train(tmp_path / 'parted', 8, resume=True)
    assert runner.iter == 8
    history = runner.message_hub.get_scalar('train/loss').data[0]
    expected = straight.message_hub.get_scalar('train/loss').data[0]
    np.testing.assert_allclose(history, expected, rtol=1e-5)
    assert len(history) == 8
    for name, value in straight.model.state_dict().items():
        torch.testing.assert_close(runner.model.state_dict()[name], value)


def test_last_and_best_are_kept(tmp_path):
    train(tmp_path, 6)
    assert checkpoints(tmp_path) == ['best_student_PQ_iter_6.pth',
                                     'iter_6.pth']
    last = (tmp_path / 'last_checkpoint').read_text()
    assert last == str(tmp_path / 'iter_6.pth')
    torch.load(tmp_path / 'best_student_PQ_iter_6.pth', weights_only=True)


def test_foreign_object_stops_the_save(tmp_path):
    runner = toy_runner(tmp_path, 4)
    runner.message_hub.update_info('mine', object())
    with pytest.raises(NotPlainError, match='mine.*builtins.object'):
        runner.train()
    assert checkpoints(tmp_path) == []


def test_failing_save_keeps_the_previous_checkpoint(tmp_path, monkeypatch):
    train(tmp_path, 4)
    before = {name: (tmp_path / name).read_bytes()
              for name in [*checkpoints(tmp_path), 'last_checkpoint']}

    def disk_full(handle):
        raise OSError(28, 'No space left on device')

    runner = toy_runner(tmp_path, 8, resume=True)
    call = runner.call_hook

    def fail_from_save(name, **kwargs):
        if name == 'before_save_checkpoint':
            monkeypatch.setattr(os, 'fsync', disk_full)
        call(name, **kwargs)

    monkeypatch.setattr(runner, 'call_hook', fail_from_save)
    with pytest.raises(OSError, match='No space left.*iter_6.pth.*intact'):
        runner.train()
    after = {name: (tmp_path / name).read_bytes()
             for name in [*checkpoints(tmp_path), 'last_checkpoint']}
    assert after == before
    assert not list(tmp_path.glob('.*.tmp'))


def test_unwritable_folder_stops_the_run_before_it_starts(
        tmp_path, monkeypatch):
    runner = toy_runner(tmp_path, 4)

    def read_only(source, target):
        raise PermissionError(13, 'Permission denied')

    monkeypatch.setattr(os, 'replace', read_only)
    with pytest.raises(OSError, match='Permission denied.*could not be'):
        runner.train()
    assert runner.iter == 0


def test_removals_wait_for_the_end_of_the_block(tmp_path):
    backend = AtomicLocalBackend()
    target = tmp_path / 'file'
    backend.put_text('text', target)
    with pytest.raises(KeyError), backend.removals_at_end():
        backend.remove(target)
        raise KeyError
    assert target.read_text() == 'text'
    with backend.removals_at_end():
        backend.remove(target)
        assert target.exists()
    assert not target.exists()
