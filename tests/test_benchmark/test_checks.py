import json

import pytest

from dearli_mm.benchmark import GridError
from dearli_mm.benchmark.checks import examine
from dearli_mm.benchmark.record import record_path

SPLIT = 'train_dataloader.labeled.dataset.split'


def method(config, **more):
    return dict(methods=dict(plain=dict(config=config, **more)))


def test_facts_of_a_run(make_grid):
    grid = make_grid(seeds=[0, 1])
    first, second = examine(grid, grid.jobs).values()
    assert first == second
    assert first.images == dict(labeled=2, unlabeled=4, val=2)
    assert first.max_iters == 4
    assert first.options == {'val_evaluator.0.classwise': True,
                             'val_evaluator.1.classwise': True}


def problems(grid):
    with pytest.raises(GridError) as error:
        examine(grid, grid.jobs)
    return str(error.value)


@pytest.mark.parametrize('more,message', [
    ({'train_dataloader.labelled.dataset': 1}, "no 'labelled' there"),
    ({'val_evaluator.7.prefix': 'x'}, "no '7' there"),
    ({'title': 'one, two'}, "cannot be given on a command line"),
    ({'train_cfg.max_iters': 0}, 'no train_cfg.max_iters'),
    ({'val_evaluator.0.type': 'X', 'val_evaluator.1.type': 'X'},
     'no PanopticMetric'),
    ({SPLIT: 'no.txt'}, "split='no.txt': no such file"),
    ({'val_dataloader.dataset.data_root': 'gone'}, 'gone'),
    ({'val_dataloader.dataset.type': 'NoSuch'}, 'NoSuch'),
])
def test_problems_are_named(make_grid, config, more, message):
    text = problems(make_grid(**method(config, cfg_options=more)))
    assert message in text and 'plain/2/seed-0' in text


def test_a_problem_of_many_runs_is_told_once(make_grid, config):
    text = problems(make_grid(
        **method(config, cfg_options={SPLIT: 'no.txt'}), seeds=[0, 1, 2]))
    assert text.count("split='no.txt'") == 1
    assert 'plain/2/seed-0 and 2 more: ' in text
    # Nor is a file that is missed under two keys.
    both = {SPLIT: 'no.txt', SPLIT.replace('labeled', 'unlabeled'): 'no.txt'}
    text = problems(make_grid(methods={
        name: dict(config=config, cfg_options=options)
        for name, options in (('a', both), ('b', {SPLIT: 'no.txt'}))}))
    assert text.count("split='no.txt'") == 1


def test_all_problems_come_at_once(make_grid, config):
    text = problems(
        make_grid(
            methods=dict(a=dict(config='gone.py'), b=dict(config=config)),
            fractions={'2': dict(labeled=3)},
            prepare=dict(c=dict(command='no-such-program', output='x'))))
    assert 'gone.py is not there' in text
    assert 'labeled=3, but the config trains on 2' in text
    assert 'no-such-program is not there' in text


def test_broken_config_is_named(make_grid, tmp_path):
    path = tmp_path / 'broken.py'
    path.write_text('a = 1 / 0')
    assert 'broken.py' in problems(make_grid(**method(str(path))))


def test_data_that_a_command_will_make_can_wait(make_grid, config):
    gone = method(config, needs=['data'],
                  cfg_options={'val_dataloader.dataset.data_root': 'gone'})
    grid = make_grid(
        **gone, prepare=dict(data=dict(command='true', output='gone')))
    assert examine(grid, grid.jobs)['plain/2/seed-0'].images == {}


def test_other_settings_are_not_mixed_up(make_grid, config):
    grid = make_grid()
    job, = grid.jobs
    facts = examine(grid, grid.jobs)[job.name]
    path = record_path(job)
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(dict(
        fingerprint=facts.fingerprint, attempts=[dict(exit_code=1)])))
    examine(grid, grid.jobs)
    changed = make_grid(
        **method(config, cfg_options={'train_cfg.max_iters': 5}))
    assert 'holds a run with other settings' in problems(changed)


def test_output_that_a_training_cannot_leave(make_grid, config):
    text = problems(
        make_grid(prepare=dict(w=dict(config=config, output='else/x.pth'))))
    assert "prepare/w: output='else/x.pth' is not there" in text


def test_a_warm_up_that_nobody_makes_is_missed(make_grid, config, tmp_path):
    child = tmp_path / 'child.py'
    child.write_text(f'_base_ = {config!r}\ncustom_hooks = [dict('
                     "type='SAMWarmupHook', checkpoint='nowhere.pth')]\n")
    assert "checkpoint='nowhere.pth': no such file" in problems(
        make_grid(**method(str(child))))
    grid = make_grid(
        prepare=dict(warm=dict(config=config, output='{work_dir}/x.pth')),
        **method(str(child), needs=['warm'],
                 cfg_options={'custom_hooks.0.checkpoint': '{warm}'}))
    assert examine(grid, grid.jobs)  # a step will make it
