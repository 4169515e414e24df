import json

import pytest

from dearli_mm.benchmark.run_logs import (read_test, read_validations,
                                          summarize_run)


@pytest.fixture
def work_dir(tmp_path):
    """A run, stopped in iteration 4 and resumed from 2; a test after it."""

    def log(start, *records):
        folder = tmp_path / start / 'vis_data'
        folder.mkdir(parents=True)
        lines = [json.dumps(record) for record in records]
        (folder / 'scalars.json').write_text('\n'.join(lines) + '\n{"loss"')

    log('1', {'student/PQ': 1., 'teacher/mIoU': 2., 'step': 0},
        {'loss': 5., 'step': 1}, {'student/PQ': 10., 'step': 2},
        {'student/PQ': 11., 'step': 3}, {'student/PQ': 99., 'step': 4})
    log('2', {'student/PQ': 12., 'student/SQ': 70., 'step': 3})
    (tmp_path / '3').mkdir()
    (tmp_path / '3/3.json').write_text('{"student/PQ": 13.0, "time": 1.0}')
    return tmp_path


def test_summary_follows_a_resumed_run(work_dir):
    assert read_validations(work_dir, ['PQ']) == {
        0: {'student/PQ': 1.}, 2: {'student/PQ': 10.}, 3: {'student/PQ': 12.}}
    assert read_test(work_dir) == {'student/PQ': 13.}
    lines = summarize_run(work_dir).splitlines()
    assert lines[0].split() == ['iteration', 'student', 'PQ', 'teacher',
                                'mIoU']
    assert lines[1].split() == ['0', '1.00', '2.00']
    assert lines[-1].split() == ['test', '13.00', '-']


def test_summary_of_a_folder_without_logs(tmp_path):
    with pytest.raises(FileNotFoundError, match='--work-dir'):
        summarize_run(tmp_path)
