import re

import pandas as pd
import pytest
import torch

from dearli_mm.benchmark import pictures, run_benchmark, write_report
from dearli_mm.benchmark.record import read_record, write_record
from dearli_mm.benchmark.results import read_results
from dearli_mm.benchmark.run_logs import run_logs


@pytest.fixture
def grid(make_grid, config):
    made = make_grid(
        title='Two <methods>',
        methods=dict(
            base=dict(config=config, label='Base', args=['--overfit']),
            semi=dict(config=config, label='Semi', args=['--teacher']),
            bad=dict(config=config, args=['--fail'])),
        seeds=[0, 1],
        claims=[dict(method='Paper', fraction='2', PQ=29.9, mIoU=38.9,
                     source='table 1')])
    run_benchmark(made, made.jobs, slots=2)
    return made


def test_results_are_those_of_the_logs(grid):
    runs, scores = read_results(grid)
    base = runs.iloc[0]
    assert (base.last_step, base.best_step, base.labeled) == (4, 2, 2)
    assert base.wall_seconds > 0 and base.step_seconds == 0.5
    assert base.peak_gpu_memory_mib == 2048
    found = scores[(scores.method == 'base') & (scores.seed == 0)]
    assert [tuple(row) for row in found[['step', 'metric', 'value', 'best']]
            .values.tolist()][:3] == [(2, 'PQ', 10., True),
                                      (2, 'mIoU', 11., True),
                                      (2, 'PQ/a', 10., True)]
    assert runs.state.tolist() == [*4 * ['finished'], *2 * ['failed']]
    assert set(scores.method) == {'base', 'semi'}
    assert set(scores.metric) == {'PQ', 'mIoU', 'PQ/a'}  # that of b is NaN


def test_time_of_a_killed_attempt_ends_with_its_log(grid):
    job = grid.jobs[0]
    record = read_record(job)
    ended = run_logs(job.work_dir)[0].stat().st_mtime
    record['attempts'] = [dict(started=ended - 7), dict(seconds=5.)]
    write_record(job, record)
    assert read_results(grid).runs.wall_seconds[0] == pytest.approx(
        12, abs=0.01)


def test_files_of_the_report(grid, monkeypatch):
    def draw(job, count):
        if job.method == 'semi':
            raise FileNotFoundError('no weights')
        panels = {title: torch.zeros(8, 8, 3, dtype=torch.uint8)
                  for title in ('input', 'ground truth', 'prediction')}
        return {'street': dict(panels=panels, present=[0], classes=['a'],
                               palette=[(1, 2, 3)])}

    monkeypatch.setattr(pictures, 'draw', draw)
    page = write_report(grid, pictures=1).read_text()
    folder = grid.work_dir
    for name in ('report.md', 'runs.csv', 'summary.csv'):
        assert (folder / name).is_file()
    markdown = (folder / 'report.md').read_text()
    # Seeds 0 and 1: 10, 20 at step 2; 5 less, or 5 more, at step 4.
    markdown = re.sub(' +', ' ', markdown)
    assert '| Base | student | 10.0 ± 7.1 |' in markdown
    assert '| Base | student | 15.0 ± 7.1 |' in markdown  # best
    assert '| Semi | teacher | **22.0 ± 7.1** |' in markdown
    assert '| Paper | - | 29.9 |' in markdown and 'claimed: table 1' in \
        markdown
    assert 'bad/2/seed-1: exit code 1: the loss is on fire' in markdown
    assert '## Results: best (chosen on validation)' in markdown
    table = pd.read_csv(folder / 'summary.csv', na_values='-')
    assert table.checkpoint.fillna('').tolist() == [
        'last', 'last', 'last', 'last', '', *4 * [
            'best (chosen on validation)']]
    assert table.PQ.tolist()[:3] == [10., 20., 22.]
    # One page that asks for nothing else.
    assert '<h1>Two &lt;methods&gt;</h1>' in page
    assert not re.findall(r'(?:src|href)="(?!data:)', page)
    assert '<script' not in page and 'url(' not in page
    assert page.count('>claimed: table 1<') == 1
    assert page.count('<strong>22.0 ± 7.1</strong>') == 2  # last and best
    assert 'alt="street"' in page
    assert 'Not drawn: semi/2/seed-0: no weights' in page


def test_report_of_a_grid_that_has_not_begun(make_grid):
    grid = make_grid()
    page = write_report(grid).read_text()
    assert '0 of 1 runs finished' in page
    assert 'waiting' in (grid.work_dir / 'report.md').read_text()
