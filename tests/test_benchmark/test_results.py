"""Made-up results that can be checked on paper."""
from pathlib import Path

import pandas as pd
import pytest

from dearli_mm.benchmark import Grid
from dearli_mm.benchmark.figures import class_differences, curves, overview
from dearli_mm.benchmark.results import Results
from dearli_mm.benchmark.tables import (for_people, runs_csv, runs_for_people,
                                        summary)

# method, seed, state, last step, best step, values by step
RUNS = [
    ('base', 0, 'finished', 4, 2, {
        2: {'student/PQ': 30.},
        4: {'student/PQ': 10.}}),
    ('base', 1, 'finished', 4, 4, {
        2: {'student/PQ': 14.},
        4: {'student/PQ': 16., 'student/mIoU': 50., 'student/PQ/a': 1.}}),
    ('semi', 0, 'finished', 4, 2, {
        2: {'student/PQ': 20., 'teacher/PQ': 25.},
        4: {'student/PQ': 20., 'teacher/PQ': 5., 'student/PQ/a/b': 2.}}),
    ('semi', 1, 'failed', 2, 2, {
        2: {'student/PQ': 99.}}),
]  # yapf: disable


def make_results(table=RUNS):
    runs, scores = [], []
    for method, seed, state, last, best, validations in table:
        run = dict(method=method, fraction='2', seed=seed, state=state)
        runs.append(dict(
            run, name=f'{method}/2/seed-{seed}', last_step=last,
            best_step=best, labeled=2, unlabeled=6, step_seconds=0.5,
            wall_seconds=3600. * (seed + 1), peak_memory_mib=1024.,
            peak_gpu_memory_mib=None, attempts=1, commit='abc',
            versions='torch 2', host=None))
        for step, values in validations.items():
            for key, value in values.items():
                network, metric = key.split('/', 1)
                scores.append(dict(
                    run, step=step, network=network, metric=metric,
                    value=value, last=step == last, best=step == best))
    return Results(pd.DataFrame(runs), pd.DataFrame(scores))


@pytest.fixture
def results():
    return make_results()


@pytest.fixture
def grid():
    claim = dict(method='Paper', fraction='2', labeled=2, PQ=29.9, mIoU=38.9,
                 source='table 1')
    return Grid(Path('g.py'), 'G', Path('w'), (),
                dict(base='Baseline', semi='Semi'), ('2', ), [], [claim])


def test_means_of_last_and_best(results):
    last, best = (results.means(name) for name in ('last', 'best'))
    assert last.loc['2', 'base', 'student', 'PQ'].tolist() == [
        13., pytest.approx(18**.5)]
    assert ('2', 'base', 'student', 'mIoU') not in last.index  # one lacks it
    assert best.loc['2', 'base', 'student', 'PQ']['mean'] == 23.
    # The teacher's value is that of the student's step; the failed run, and
    # what one seed alone would spread, do not count.
    semi = best.loc['2', 'semi', 'teacher', 'PQ']
    assert semi['mean'] == 25. and pd.isna(semi['std'])
    assert last.loc['2', 'semi', 'student', 'PQ/a/b']['mean'] == 2.


def test_summary(grid, results):
    table = summary(grid, results, 'last')
    assert table[['method', 'network', 'seeds']].values.tolist()[:3] == [
        ['Baseline', 'student', '2 of 2'], ['Semi', 'student', '1 of 2'],
        ['Semi', 'teacher', '1 of 2']]
    assert table.PQ.tolist() == [13., 20., 5., 29.9]
    assert table.PQ_spread[0] == pytest.approx(18**.5)
    rows = for_people(table).values.tolist()
    assert rows[0] == ['2', '2', 'Baseline', 'student', '13.0 ± 4.2',
                       *5 * '-', '1.50 ± 0.71', '2 of 2', '1.0 GiB RAM',
                       'measured']
    assert rows[1][4] == '**20.0**'  # the best that was measured
    assert rows[-1] == ['2', '2', 'Paper', '-', '29.9', '-', '-', '-', '-',
                        '38.9', '-', '-', '-', 'claimed: table 1']
    best = summary(grid, results, 'best')
    assert set(best.source) == {'measured'} and best.PQ.tolist() == [
        23., 20., 25.]


def test_method_without_result_is_shown_as_such(grid):
    table = summary(grid, make_results([*RUNS[:2], RUNS[3]]), 'last')
    semi, = for_people(table[table.method == 'Semi']).values.tolist()
    assert semi == ['2', '2', 'Semi', 'student', *7 * '-', '0 of 1', '-',
                    'measured']


def test_csv_of_runs(results):
    table = runs_csv(results)
    assert table[['method', 'seed', 'network']].values.tolist() == [
        ['base', 0, 'student'], ['base', 1, 'student'],
        ['semi', 0, 'student'], ['semi', 0, 'teacher'],
        ['semi', 1, 'student']]
    first = table.iloc[0]
    assert (first.last_PQ, first.last_step) == (10., 4)
    assert (first.best_PQ, first.best_step) == (30., 2)
    assert pd.isna(first.last_mIoU)
    assert (first.labeled, first.unlabeled, first.commit) == (2, 6, 'abc')
    assert table.state.tolist()[-1] == 'failed'


def test_table_of_runs(results):
    first, *_, failed = runs_for_people(results).values.tolist()
    assert first == ['base/2/seed-0', 'finished', '4', '10.0', '30.0', '2',
                     '1.0 h', '0.50 s', '1.0 GiB RAM', 1, 'abc']
    assert failed[1:4] == ['failed', '2', '99.0']


def test_charts(grid, results):
    assert overview(grid, summary(grid, results, 'last')).startswith('<?xml')
    assert '<svg' in curves(grid, results, 'PQ')
    assert curves(grid, results, 'SQ') == ''
    assert class_differences(grid, results, '2') == ''  # no shared class
    for *_, validations in RUNS:
        for values in validations.values():
            values['student/PQ/a'] = values['student/PQ'] / 2
    both = make_results()
    assert '<svg' in class_differences(grid, both, '2')
    assert class_differences(grid, both, '9') == ''


def test_charts_of_nothing(grid, results):
    nothing = Results(results.runs.assign(state='waiting'),
                      results.scores[:0])
    assert '<svg' in overview(grid, summary(grid, nothing, 'last'))  # claim
    assert curves(grid, nothing, 'PQ') == ''
    assert class_differences(grid, nothing, '2') == ''
