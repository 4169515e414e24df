import re

import numpy as np
import pytest

from dearli_mm.benchmark import pictures, run_benchmark, write_report
from dearli_mm.benchmark.pictures import Drawn
from dearli_mm.benchmark.results import read_result, read_results


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
    run_benchmark(made, made.jobs, slots=2, say=lambda line: None)
    return made


def test_results_are_those_of_the_logs(grid):
    base, _, semi, *_, bad = read_results(grid)
    assert base.validations[2] == {'student/PQ': 10., 'student/mIoU': 11.,
                                   'student/PQ/a': 10.}
    assert (base.step('last'), base.step('best')) == (4, 2)
    assert semi.values('last', 'teacher') == {'PQ': 17.}
    assert base.labeled == 2 and base.seconds > 0
    assert (base.step_seconds, base.gpu_memory_mib) == (0.5, 2048)
    assert bad.state == 'failed' and bad.validations == {}


def test_time_of_a_killed_attempt_ends_with_its_log(grid):
    job = grid.jobs[0]
    from dearli_mm.benchmark.record import read_record, write_record
    from dearli_mm.benchmark.run_logs import run_logs
    record = read_record(job)
    ended = run_logs(job.work_dir)[0].stat().st_mtime
    record['attempts'] = [dict(started=ended - 7), dict(seconds=5.)]
    write_record(job, record)
    assert read_result(job).seconds == pytest.approx(12, abs=0.01)


def test_files_of_the_report(grid, monkeypatch):
    def draw(result, count):
        if result.job.method == 'semi':
            raise FileNotFoundError('no weights')
        meta = dict(classes=['a'], palette=[(1, 2, 3)])
        panels = [(title, np.zeros((8, 8, 3), np.uint8))
                  for title in ('input', 'ground truth', 'prediction')]
        return [Drawn('street', panels, {0}, meta)] * count

    monkeypatch.setattr(pictures, 'draw', draw)
    page = write_report(grid, pictures=1).read_text()
    folder = grid.work_dir
    for name in ('report.md', 'runs.csv', 'summary.csv'):
        assert (folder / name).is_file()
    markdown = (folder / 'report.md').read_text()
    # Seeds 0 and 1: 10, 20 at step 2; 5 less, or 5 more, at step 4.
    assert '| Base | student | 10.0 ± 7.1 |' in markdown
    assert '| Base | student | 15.0 ± 7.1 |' in markdown  # best
    assert '| Semi | teacher | 22.0 ± 7.1 |' in markdown
    assert '| Paper | - | 29.9 |' in markdown and 'claimed: table 1' in \
        markdown
    assert 'bad/2/seed-1: exit code 1: the loss is on fire' in markdown
    assert '## Results: best (chosen on validation)' in markdown
    # One page that asks for nothing else.
    assert '<h1>Two &lt;methods&gt;</h1>' in page
    assert not re.findall(r'(?:src|href)="(?!data:)', page)
    assert '<script' not in page and 'url(' not in page
    assert page.count('<tr class="claimed">') == 1
    assert 'alt="street"' in page
    assert 'Not drawn: semi/2/seed-0: no weights' in page


def test_report_of_a_grid_that_has_not_begun(make_grid):
    grid = make_grid()
    page = write_report(grid).read_text()
    assert '0 of 1 runs finished' in page
    assert 'waiting' in (grid.work_dir / 'report.md').read_text()
