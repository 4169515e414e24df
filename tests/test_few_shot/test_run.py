import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from few_labeled_photos import write_photos

from dearli_mm.few_shot.run import (StageError, is_done, run_stages,
                                    write_show_list)
from dearli_mm.few_shot.stages import TOOLS, Stage

REPO = Path(__file__).resolve().parents[2]
BASE = REPO / 'configs/_base_/models/dearli_tiny-clip.py'
PRINT = "import sys; open(sys.argv[1], 'a').write('x')"


@pytest.fixture
def stage(tmp_path, monkeypatch):
    """A tool that writes an x, in a folder of tools."""
    (tmp_path / 'print.py').write_text(PRINT)
    (tmp_path / 'fail.py').write_text('raise SystemExit(3)')
    for name in ('print', 'fail'):
        monkeypatch.setitem(TOOLS, name, (name, name))
    out = tmp_path / 'out' / 'x'
    return Stage('print', 'print', (str(out), ), (out, ), 'to see it')


def test_what_is_done_is_not_repeated(stage, options, tmp_path, capsys):
    for _ in range(2):
        run_stages([stage], options(), tmp_path)
    assert stage.outputs[0].read_text() == 'x'
    printed = capsys.readouterr().out
    assert printed.count(f'$ python tools/print.py {stage.outputs[0]}') == 1
    assert printed.count('done before') == 1
    other = stage._replace(arguments=(*stage.arguments, 'more'))
    assert not is_done(other, tmp_path / 'out')
    stage.outputs[0].unlink()
    assert not is_done(stage, tmp_path / 'out')


def test_a_failure_stops_and_is_no_end(stage, options, tmp_path):
    failing = stage._replace(name='verify', tool='fail', outputs=())
    with pytest.raises(StageError, match=r'exit code 3.*--accept-problems'):
        run_stages([failing, stage], options(), tmp_path)
    assert not is_done(failing, tmp_path / 'out')
    assert not stage.outputs[0].exists()


def test_skipped_files_can_be_accepted(stage, options, tmp_path):
    (tmp_path / 'print.py').write_text(f'{PRINT}; raise SystemExit(1)')
    for skips, accept in ((False, True), (True, False)):
        with pytest.raises(StageError):
            run_stages([stage._replace(skips=skips)], options(), tmp_path,
                       accept)
    run_stages([stage._replace(skips=True)], options(), tmp_path, True)
    assert is_done(stage, tmp_path / 'out')


def test_photos_to_show_are_unlabelled_and_whole(options, tmp_path):
    out = tmp_path / 'out'
    out.mkdir()
    (out / 'labeled.txt').write_text('0.png\n1.png\n')
    (tmp_path / 'photos' / '2.png').write_bytes(b'\x89PNG, cut off')
    write_show_list(options(pictures=9))
    assert [Path(line).name for line in (
        out / 'show.txt').read_text().splitlines()] == ['3.png', '4.png']


def command(folder):
    return [sys.executable, '-W', 'ignore', str(REPO / 'tools/few_shot.py'),
            str(folder / 'photos'), str(folder / 'photos'), '--things', 'mug',
            '--stuff', 'table', '--out', str(folder / 'out'), '--clip',
            str(REPO / 'projects/toy_world/dearli_tiny.safetensors'),
            '--clip-model', 'dearli_tiny', '--import', 'projects.toy_world',
            '--base', str(BASE), '--steps', '2', '--batch-size', '2',
            '--crop', '64', '--workers', '0', '--pictures', '2',
            '--accept-problems']


def test_a_killed_run_takes_its_stage_with_it(stage, options, tmp_path):
    """And the next one waits for the end of that, not for its work."""
    (tmp_path / 'print.py').write_text(
        f'import os, sys, time; again = os.path.exists(sys.argv[1]); {PRINT}; '
        'again or time.sleep(99)')
    first = multiprocessing.get_context('fork').Process(
        target=run_stages, args=([stage], options(), tmp_path))
    first.start()
    while not stage.outputs[0].exists():
        time.sleep(0.01)
    first.kill()
    run_stages([stage], options(), tmp_path)
    assert is_done(stage, tmp_path / 'out')


def test_from_photos_to_the_report(tmp_path):
    """The real tools, each in a process of its own."""
    write_photos(tmp_path / 'photos', 7, 3)
    environ = dict(os.environ, OMP_NUM_THREADS='1', PYTHONPATH=os.pathsep.join(
        [str(REPO), os.environ.get('PYTHONPATH', '')]))
    run = subprocess.run(command(tmp_path), env=environ, text=True,
                         capture_output=True)
    assert run.returncode == 0, run.stdout + run.stderr
    assert '[1/5] labels: labelme files to COCO panoptic' in run.stdout
    assert f'$ mim train mmdet {tmp_path}/out/config.py' in run.stdout
    page = (tmp_path / 'out/report.html').read_text()
    assert '3 labelled photos' in page and 'DEAR: no warm-up' in page
    assert 'there is no number' in page
    assert page.count('<img ') == 2 + 2  # results, and what training sees
    assert 'tools/infer.py' in page
