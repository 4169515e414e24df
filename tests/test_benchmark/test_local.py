import contextlib
import io
import json
import os
import time

import pytest

from dearli_mm.benchmark import local, run_benchmark, select_jobs, state_table
from dearli_mm.benchmark.record import (lock, read_record, reason_of_failure,
                                        record_path, settled_state, state_of)


def run(grid, *only, **how):
    with contextlib.redirect_stdout(io.StringIO()) as said:
        well = run_benchmark(grid, select_jobs(grid, only), **how)
    return well, said.getvalue().splitlines()


def states(grid):
    return {job.name: state_of(job) for job in grid.jobs}


def attempts(job):
    return read_record(job)['attempts']


def test_a_run_and_its_record(make_grid):
    grid = make_grid(seeds=[3])
    job, = grid.jobs
    assert states(grid) == {'plain/2/seed-3': 'waiting'}
    well, said = run(grid)
    assert well and said[-1] == 'At the end: 1 finished'
    assert 'step 4/4, student PQ 45.0 at step 4' in said[-2]
    record = read_record(job)
    assert record['images'] == dict(labeled=2, unlabeled=4, val=2)
    attempt, = record['attempts']
    assert attempt['exit_code'] == 0 and attempt['seconds'] > 0
    # Of a bare interpreter, or of what stood there at the only look at it.
    assert 0 < attempt['peak_memory_mib'] < 200
    assert attempt['versions']['dearli_mm']
    command = ' '.join(attempt['command'])
    assert f'--work-dir {job.work_dir} --cfg-options' in command
    assert command.endswith('val_evaluator.1.classwise=True '
                            'randomness.seed=3')
    assert '--resume' not in command


def test_finished_runs_are_not_repeated(make_grid):
    run(make_grid())
    grid = make_grid(seeds=[0, 1])
    well, said = run(grid)
    assert well and said[0] == '2 jobs, 1 to do, 1 at once'
    assert [len(attempts(job)) for job in grid.jobs] == [1, 1]


def test_a_failure_does_not_stop_others(make_grid, config):
    grid = make_grid(
        methods=dict(
            bad=dict(config=config, args=['--fail']),
            mute=dict(config=config, args=['--mute']),
            good=dict(config=config)))
    well, said = run(grid, slots=2)
    assert not well
    assert states(grid) == {'bad/2/seed-0': 'failed',
                            'mute/2/seed-0': 'failed',
                            'good/2/seed-0': 'finished'}
    assert said[-2:] == ['  failed: bad/2/seed-0', '  failed: mute/2/seed-0']
    bad, mute, _ = grid.jobs
    assert 'exit code 1: the loss is on fire; see' in reason_of_failure(bad)
    assert 'without a validation with PQ' in reason_of_failure(mute)
    table = state_table(grid.jobs).splitlines()
    assert table[-1].split()[:4] == ['good/2/seed-0', 'finished', '4/4', '1']
    run(grid, 'bad/*')  # a failed one is tried again
    assert len(attempts(bad)) == 2


def test_stopped_run_goes_on_from_its_checkpoint(make_grid, config,
                                                 monkeypatch):
    grid = make_grid(methods=dict(a=dict(config=config, args=['--hang'])))
    job, = grid.jobs

    def interrupt(line):
        if 'step 3/4' in line:
            assert state_of(job) == 'running'
            assert lock(job) is None
            raise KeyboardInterrupt

    begin = time.monotonic()
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(local, 'print', interrupt, raising=False)
        run(grid, every=0.05)
    assert time.monotonic() - begin < 30  # it would sleep for 60
    assert states(grid) == {'a/2/seed-0': 'interrupted'}
    assert attempts(job)[0]['exit_code'] == -15
    well, said = run(grid)
    assert well and said[1] == 'a/2/seed-0: resumed'
    first, second = attempts(job)
    # The folder's own file, wherever the pointer points.
    resumed = second['command'][second['command'].index('--resume') + 1]
    assert resumed == str(job.work_dir / 'iter_2.pth')


def test_run_of_another_process_is_left_alone(make_grid):
    grid = make_grid()
    held = lock(grid.jobs[0])
    well, said = run(grid)
    assert well and said[-1] == 'At the end: 1 running elsewhere'
    held.close()
    assert states(grid) == {'plain/2/seed-0': 'waiting'}


def test_step_of_another_process_is_waited_for(make_grid, config, tmp_path,
                                               monkeypatch):
    output = tmp_path / 'output'
    grid = make_grid(
        methods=dict(a=dict(config=config, needs=['step'])),
        prepare=dict(step=dict(command=['touch', str(output)],
                               output=str(output))))
    held = lock(grid.jobs[0])

    def listen(line):
        print(line)
        if line.endswith('another process runs it; waiting'):
            held.close()

    monkeypatch.setattr(local, 'print', listen, raising=False)
    well, said = run(grid)
    assert well
    assert sum('waiting' in line for line in said) == 1
    assert said[-1] == 'At the end: 2 finished'


def test_death_without_a_word_is_an_interruption(make_grid):
    job, = make_grid().jobs
    record_path(job).parent.mkdir(parents=True)
    for attempt, state in ((dict(started=1.), 'interrupted'),
                           (dict(exit_code=-9), 'interrupted'),
                           (dict(exit_code=1), 'failed')):
        record_path(job).write_text(json.dumps(dict(attempts=[attempt])))
        assert settled_state(job) == state
    record_path(job).write_text('{')
    with pytest.raises(ValueError, match='record.json is no JSON'):
        settled_state(job)


def test_steps_are_made_once_and_shared(make_grid, config, tmp_path):
    warmup = dict(config=config, needs=['count'],
                  output='{work_dir}/iter_4.pth')
    counter = tmp_path / 'counter'
    grid = make_grid(
        methods=dict(a=dict(config=config, needs=['warm-up'],
                            cfg_options={'split': '{warm-up}'})),
        seeds=[0, 1],
        prepare={
            'count': dict(command=['sh', '-c', f'echo x >> {counter}'],
                          output=str(counter)),
            'warm-up': warmup})
    well, said = run(grid, slots=2)
    assert well and set(states(grid).values()) == {'finished'}
    assert counter.read_text() == 'x\n'
    assert said[1] == 'prepare/count: started'
    assert f'split={tmp_path}/work/prepare/warm-up/iter_4.pth' in \
        attempts(grid.jobs[-1])[0]['command']
    counter.unlink()  # what a step made is gone: it is made again
    assert states(grid)['prepare/count'] == 'failed'
    run(grid, 'prepare/count')
    assert counter.read_text() == 'x\n'


def test_a_given_checkpoint_needs_no_warm_up(make_grid, config, tmp_path):
    given = tmp_path / 'given.pth'
    given.touch()
    grid = make_grid(prepare=dict(w=dict(config=config, output=str(given))))
    assert states(grid)['prepare/w'] == 'finished'


def test_failed_step_blocks_what_needs_it(make_grid, config):
    grid = make_grid(
        methods=dict(a=dict(config=config, needs=['bad']),
                     b=dict(config=config)),
        prepare=dict(bad=dict(command='true', output='/nowhere/file')))
    well, said = run(grid)
    assert not well
    assert 'prepare/bad: failed: ended without its output /nowhere/file' in \
        ' '.join(said)
    assert '  blocked: a/2/seed-0' in said
    assert states(grid)['b/2/seed-0'] == 'finished'


def test_data_are_checked_once_they_are_made(make_grid, config, tmp_path):
    """A command that ought to make the split, and does not."""
    split = str(tmp_path / 'split.txt')
    grid = make_grid(
        methods=dict(a=dict(
            config=config, needs=['data'], cfg_options={
                'train_dataloader.labeled.dataset.split': split})),
        prepare=dict(data=dict(command='true', output=str(tmp_path))))
    well, said = run(grid)
    assert not well
    assert 'a/2/seed-0: failed: ' in '\n'.join(said)
    assert any('split.txt' in line and 'no such file' in line
               for line in said)


def test_gpus_are_given_in_turn(make_grid, monkeypatch):
    monkeypatch.delenv('CUDA_VISIBLE_DEVICES', raising=False)
    grid = make_grid(seeds=[0, 1])
    well, said = run(grid, slots=2, gpus=['4', '7'])
    assert well and said[1:3] == ['plain/2/seed-0: started on GPU 4',
                                  'plain/2/seed-1: started on GPU 7']
    assert [attempts(job)[0]['gpus'] for job in grid.jobs] == ['4', '7']
    assert 'CUDA_VISIBLE_DEVICES' not in os.environ
