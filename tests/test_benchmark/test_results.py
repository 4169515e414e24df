"""Made-up results that can be checked on paper."""
import csv
import io
from math import nan
from pathlib import Path

import pytest

from dearli_mm.benchmark import Grid, Job
from dearli_mm.benchmark.figures import (class_differences, class_means,
                                              curves, overview)
from dearli_mm.benchmark.results import (Mean, RunResult, _finite, mean,
                                              mean_over_seeds)
from dearli_mm.benchmark.tables import (run_rows, summary_csv_rows,
                                             summary_markdown, summary_rows,
                                             text, to_csv)


def result(method, seed, validations, state='finished', **more):
    job = Job(f'{method}/2/seed-{seed}', Path('nowhere'), method=method,
              fraction='2', seed=seed)
    values = dict(
        record=dict(images=dict(labeled=2, unlabeled=6),
                    attempts=[dict(commit='abc', versions=dict(torch='2'))]),
        seconds=3600. * (seed + 1), step_seconds=0.5, memory_mib=1024.,
        gpu_memory_mib=None)
    values.update(more)
    return RunResult(job=job, state=state, validations=validations, **values)


def student(pq, **more):
    return {'student/PQ': pq, **more}


@pytest.fixture
def results():
    return [
        result('base', 0, {2: student(30.), 4: student(10.)}),
        result('base', 1, {2: student(14.), 4: student(
            16., **{'student/mIoU': 50., 'student/PQ/a': 1.})}),
        result('semi', 0, {
            2: {'student/PQ': 20., 'teacher/PQ': 25., 'student/PQ/cat/dog': 1},
            4: {'student/PQ': 20., 'teacher/PQ': 5.}}),
        result('semi', 1, {2: student(99.)}, state='failed', seconds=None),
    ]


@pytest.fixture
def grid(results):
    claim = dict(method='Paper', fraction='2', labeled=2, PQ=29.9, mIoU=38.9,
                 source='table 1')
    return Grid(Path('g.py'), 'G', Path('w'), (),
                dict(base='Baseline', semi='Semi'), ('2', ),
                [r.job for r in results], [claim])


def test_mean_and_spread():
    assert mean([10., 16.]) == Mean(13., pytest.approx(18**.5), 2)
    assert mean([3.]) == Mean(3., None, 1)
    assert text(mean([10., 16.])) == '13.0 ± 4.2'
    assert (text(mean([3.])), text(29.9), text(None)) == ('3.0', '29.9', '-')


def test_last_and_best(results):
    last = mean_over_seeds(results[:2], 'last', 'student')
    assert last == {'PQ': mean([10., 16.])}  # one run has no mIoU
    best = mean_over_seeds(results[:2], 'best', 'student')
    assert best['PQ'] == mean([30., 16.])
    # Of equals the earlier; the teacher's value is that of the same step.
    assert results[2].step('best') == 2
    assert results[2].values('best', 'teacher') == {'PQ': 25.}
    assert results[2].values('best', 'student')['PQ/cat/dog'] == 1


def test_only_finished_runs_count(results):
    assert mean_over_seeds(results[2:], 'last', 'student') == {
        'PQ': Mean(20., None, 1)}
    assert mean_over_seeds(results[3:], 'last', 'student') == {}


def test_summary(grid, results):
    rows = summary_rows(grid, results, 'last')
    assert [(row['method'], row.get('network'), row['seeds'])
            for row in rows[:3]] == [('Baseline', 'student', '2 of 2'),
                                     ('Semi', 'student', '1 of 2'),
                                     ('Semi', 'teacher', '1 of 2')]
    assert rows[0]['hours'] == mean([1., 2.]) and rows[0]['labeled'] == 2
    lines = summary_markdown(rows).splitlines()
    assert lines[2] == ('| **2** (2 images) | Baseline | student | '
                        '13.0 ± 4.2 | - | - | - | - | - | 2 of 2 | '
                        '1.50 ± 0.71 | 1.0 GiB RAM | measured |')
    assert lines[-1] == ('|  | Paper | - | 29.9 | - | - | - | - | 38.9 | - | '
                         '- | - | claimed: table 1 |')
    assert all(row['source'] == 'measured'
               for row in summary_rows(grid, results, 'best'))


def test_method_without_result_is_shown_as_such(grid, results):
    rows = summary_rows(grid, results[:2] + results[3:], 'last')
    semi, = (row for row in rows if row['method'] == 'Semi')
    assert semi['seeds'] == '0 of 1' and 'PQ' not in semi
    assert '| Semi | student | - | - | - | - | - | - | 0 of 1 | - |' in \
        summary_markdown(rows)


def read(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_of_runs(results):
    rows = read(to_csv(run_rows(results)))
    assert [(r['method'], r['seed'], r['network']) for r in rows] == [
        ('base', '0', 'student'), ('base', '1', 'student'),
        ('semi', '0', 'student'), ('semi', '0', 'teacher'),
        ('semi', '1', 'student')]
    first = rows[0]
    assert (first['last_PQ'], first['last_step']) == ('10.0', '4')
    assert (first['best_PQ'], first['best_step']) == ('30.0', '2')
    assert first['last_mIoU'] == first['peak_gpu_memory_mib'] == '-'
    assert (first['labeled'], first['unlabeled']) == ('2', '6')
    assert (first['commit'], first['versions']) == ('abc', 'torch 2')
    assert rows[-1]['state'] == 'failed'


def test_csv_of_means(grid, results):
    rows = read(to_csv(summary_csv_rows(grid, results)))
    assert [row['checkpoint'] for row in rows] == [
        'last', 'last', 'last', '-', *['best (chosen on validation)'] * 3]
    assert float(rows[0]['PQ']) == 13.
    assert float(rows[0]['PQ_spread']) == pytest.approx(18**.5)
    assert (rows[1]['PQ_spread'], rows[3]['PQ']) == ('-', '29.9')


def test_absent_classes_and_other_metrics_are_left_out():
    assert _finite({2: {'student/PQ': 1., 'student/PQ/a': nan},
                    3: {'recall/AR@100': 2.}}) == {2: {'student/PQ': 1.}}


def test_charts(grid, results):
    assert 'Paper' not in class_means(results)
    assert overview(grid, results).startswith('<?xml')
    assert '<svg' in curves(grid, results, 'PQ')
    assert curves(grid, results, 'SQ') is None
    assert class_differences(grid, results, '2') is None  # no shared class
    for run in results:
        for values in run.validations.values():
            values['student/PQ/a'] = values['student/PQ'] / 2
    assert class_means(results[:2]) == {'a': 6.5}
    assert '<svg' in class_differences(grid, results, '2')


def test_charts_of_nothing(grid):
    assert overview(grid, []) is not None  # the claim
    assert curves(grid, [], 'PQ') is None
    assert class_differences(grid, [], '2') is None
