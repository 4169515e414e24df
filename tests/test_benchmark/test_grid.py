import sys
from pathlib import Path

import pytest
import yaml
from mmengine.config import Config

from dearli_mm.benchmark import GridError, read_grid, select_jobs


def test_jobs_of_a_grid(make_grid, tmp_path):
    work = tmp_path / 'work'
    grid = make_grid(
        methods=dict(
            base=dict(config='c_{fraction}.py', label='Baseline'),
            full=dict(
                config='c.py',
                args='--amp',
                needs=['warm-up'],
                cfg_options={'split': '{split}', 'load': ['{warm-up}', 3]})),
        fractions={
            '12': dict(labeled=12, values=dict(split='s/12.txt')),
            50: dict(values=dict(split='s/50.txt'), seeds=[7]),
        },
        seeds=[0, 1],
        prepare={
            'masks': dict(command='{python} m.py "a b" {output}',
                          output='data/masks'),
            'warm-up': dict(config='w.py', needs=['masks'],
                            cfg_options={'masks': '{masks}'},
                            output='{work_dir}/iter_9.pth'),
        })
    assert [job.name for job in grid.jobs] == [
        'prepare/masks', 'prepare/warm-up', 'base/12/seed-0', 'base/12/seed-1',
        'full/12/seed-0', 'full/12/seed-1', 'base/50/seed-7', 'full/50/seed-7'
    ]
    masks, warmup, base, *_, full = grid.jobs
    assert masks.command == (sys.executable, 'm.py', 'a b', 'data/masks')
    assert warmup.cfg_options == {'masks': 'data/masks'}
    assert warmup.output == work / 'prepare/warm-up/iter_9.pth'
    assert warmup.needs == ('prepare/masks', )
    assert (base.config, base.labeled, base.seed) == ('c_12.py', 12, 0)
    assert base.work_dir == work / 'base/12/seed-0'
    assert full.cfg_options == {
        'split': 's/50.txt', 'load': [str(warmup.output), 3]}
    assert (full.args, full.labeled) == (('--amp', ), None)
    assert grid.methods == dict(base='Baseline', full='full')


def names(grid, *only):
    return [job.name for job in select_jobs(grid, only)]


def test_selection_brings_its_steps(make_grid):
    method = dict(config='c.py')
    grid = make_grid(
        methods=dict(a=method, b=dict(method, needs=['two'])),
        prepare={
            'one': dict(command='x', output='o'),
            'two': dict(command='x', output='o', needs=['one'])
        })
    assert names(grid, 'a/*') == ['a/2/seed-0']
    assert names(grid, 'b/2/*') == ['prepare/one', 'prepare/two', 'b/2/seed-0']
    assert names(grid, 'prepare/one') == ['prepare/one']
    assert len(names(grid)) == 4
    with pytest.raises(GridError, match="'c/.' fits none"):
        names(grid, 'c/*')


METHOD = dict(config='c.py')


@pytest.mark.parametrize('changes,message', [
    (dict(sedes=[1]), r"grid.py.sedes \(did you mean 'seeds'\?\).* _YOUR"),
    (dict(methods=dict(a=dict(METHOD, cfg=1))), 'methods.a.cfg'),
    (dict(methods=dict(a=dict(label='A'))), r"methods.a: \['config'\] must"),
    (dict(methods={}), 'methods is empty'),
    (dict(methods={'a/b': METHOD}), "'a/b' is to be a folder"),
    (dict(methods=dict(prepare=METHOD)), 'methods.prepare'),
    (dict(methods=dict(a=dict(METHOD, needs='x'))), "needs='x': give a list"),
    (dict(methods=dict(a=dict(METHOD, needs=['x']))), r"needs=\['x'\]"),
    (dict(methods=dict(a=dict(config='{splt}.py'))),
     r"methods.a.config: '{splt}.py' has a placeholder 'splt', .*'fraction'"),
    (dict(fractions={'1': dict(label=3)}), "fractions.1.label .* 'labeled'"),
    (dict(fractions={'1': dict(values=dict(method=3))}), r"\['method'\] are"),
    (dict(seeds=[1, 1]), r'seeds=\[1, 1\]'),
    (dict(seeds=3), 'seeds=3'),
    (dict(prepare=dict(a=dict(output='o'))), 'prepare.a: give a config'),
    (dict(prepare=dict(a=dict(command='x'))), r"\['output'\] must"),
    (dict(prepare=dict(
        a=dict(command='x', output='o', needs=['b']),
        b=dict(command='x', output='o'))), 'prepare.a.needs=.* above it'),
    (dict(claims=[dict(method='x', fraction='2', PQ=1)]), r"\['source'\]"),
    (dict(claims=[dict(method='x', fraction='2', source='p', PQ=120)]),
     'PQ=120 is no percentage'),
    (dict(claims=[dict(method='x', fraction='2', source='p')]), 'none of'),
    (dict(claims=[dict(method='x', fraction='2', source='p', pq=1)]),
     r'claims\[0\].pq'),
])
def test_mistakes_are_named(make_grid, changes, message):
    with pytest.raises(ValueError, match=message):
        make_grid(**changes)


def test_missing_files_are_named(make_grid, tmp_path):
    with pytest.raises(FileNotFoundError, match='nowhere.py'):
        read_grid(tmp_path / 'nowhere.py', [])
    with pytest.raises(FileNotFoundError, match='no.yaml'):
        make_grid(claims='no.yaml')


def test_claims_of_a_file(make_grid, tmp_path):
    path = tmp_path / 'claims.yaml'
    path.write_text('- {method: X, fraction: 2, PQ: 29.9, source: a paper}\n'
                    '- {method: X, fraction: 9, PQ: 30.0, source: a paper}\n')
    claim, = make_grid(claims=str(path)).claims
    assert claim == dict(method='X', fraction='2', PQ=29.9, source='a paper')


def test_names_of_its_own_and_another_trainer(make_grid):
    grid = make_grid(_mine=3, trainer='{python} -m mim train mmdet')
    assert grid.trainer == (sys.executable, '-m', 'mim', 'train', 'mmdet')


def test_the_papers_grid_can_be_read():
    root = Path(__file__).parents[2]
    grid = read_grid(root / 'projects/paper_benchmark/ade20k.py', ['train'])
    assert all((root / job.config).is_file() for job in grid.jobs
               if job.config)
    labeled = {job.fraction: job.labeled for job in grid.runs}
    assert labeled == {'1-128': 158, '1-64': 316, '1-32': 632, '1-16': 1263,
                       '1-8': 2526}


@pytest.mark.parametrize('name', ['coco_panoptic', 'coco_objects'])
def test_coco_grids_can_be_read(name):
    root = Path(__file__).parents[2]
    grid = read_grid(root / f'projects/paper_benchmark/{name}.py', ['train'])
    assert all((root / job.config).is_file() for job in grid.jobs
               if job.config)
    assert grid.methods['mean_teacher'] == 'Mean teacher'
    assert [job.labeled for job in grid.runs][::4] == [232, 463, 925, 1849,
                                                       3697]
    # Both start from the same warm-up.
    warmup = 'work_dirs/benchmark_coco-panoptic/prepare/warm-up/'
    assert grid.runs[3].cfg_options == {
        'custom_hooks.0.checkpoint': warmup + 'iter_160000.pth'}


@pytest.mark.parametrize('name, counts', [
    ('cityscapes', [100, 186, 372, 744, 1488]),
    ('voc2012', [92, 183, 366, 732, 1464]),
])
def test_grids_of_other_data(name, counts):
    root = Path(__file__).parents[2]
    grid = read_grid(root / f'projects/paper_benchmark/{name}.py', ['train'])
    configs = [job.config for job in grid.jobs if job.config]
    assert len(configs) == 21
    assert all(name in config and (root / config).is_file()
               for config in configs)
    assert [job.labeled for job in grid.runs][::4] == counts
    masks, warmup = grid.jobs[:2]
    folder = Config.fromfile(
        root / warmup.config).train_dataloader.dataset
    assert f'{folder.data_root}{folder.data_prefix.masks}' == \
        f'{masks.output}/'
    assert grid.runs[3].cfg_options == {
        'custom_hooks.0.checkpoint':
        f'work_dirs/benchmark_{name}/prepare/warm-up/iter_160000.pth'}


@pytest.mark.parametrize('path', sorted(
    (Path(__file__).parents[2] / 'projects/paper_benchmark').glob('*.py')),
    ids=lambda path: path.stem)
def test_claims_are_of_the_grids_splits(path, monkeypatch):
    monkeypatch.chdir(path.parents[2])
    grid = read_grid(path, ['train'])
    labeled = {job.fraction: job.labeled for job in grid.runs}
    source = Config.fromfile(path).get('claims')
    listed = yaml.safe_load(Path(source).read_text()) if source else []
    assert len(grid.claims) == len(listed)  # none is of another fraction
    for claim in grid.claims:
        # Lists of ADE20K 1/32 have 631 and 632 images.
        assert abs(claim['labeled'] - labeled[claim['fraction']]) <= 1
    assert len({(c['method'], c['fraction'])
                for c in grid.claims}) == len(listed)
