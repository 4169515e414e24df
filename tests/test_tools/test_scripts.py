import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ['tools/environment.sh', 'tools/run_tests.sh',
           'tools/quickstart.sh', '.ci/run']


def bash(code, **env):
    """Runs bash with little of our environment."""
    env = {'PATH': '/usr/bin:/bin', 'HOME': os.environ.get('HOME', '/')} | env
    return subprocess.run(
        ['bash', '-c', 'set -euo pipefail\n' + code],
        env=env, capture_output=True, text=True)


def fake_python(folder, lacks, version_ok=True):
    """A Python that lacks something, or does not, and can do nothing else."""
    python = folder / 'bin' / 'python'
    python.parent.mkdir(parents=True)
    python.write_text(
        '#!/bin/sh\n'
        'case "$*" in\n'
        f'*stack.py*) exit {int(lacks)} ;;\n'
        f'*version_info*) exit {int(not version_ok)} ;;\n'
        'esac\n')
    python.chmod(0o755)
    return python


def choose(**env):
    """Which Python the choice of tools/environment.sh falls on."""
    source = (ROOT / 'tools/environment.sh').read_text()
    definitions = source[:source.index('\ndearli_choose\n')]
    definitions = definitions.replace('${BASH_SOURCE[0]}',
                                      str(ROOT / 'tools/environment.sh'))
    done = bash(f'{definitions}\ndearli_choose\necho "$DEARLI_PYTHON"', **env)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize('script', SCRIPTS)
def test_scripts_parse(script):
    assert bash(f'bash -n {ROOT / script}').returncode == 0


@pytest.mark.parametrize('script', SCRIPTS[1:])
def test_scripts_find_the_checkout(script):
    assert os.access(ROOT / script, os.R_OK)
    assert 'BASH_SOURCE[0]' in (ROOT / script).read_text()


def test_named_environment_wins(tmp_path):
    active = fake_python(tmp_path / 'active', lacks=False)
    assert choose(
        DEARLI_VENV=str(tmp_path / 'named'),
        VIRTUAL_ENV=str(active.parents[1])) == [
            str(tmp_path / 'named/bin/python')]


def test_active_environment_is_used_if_it_has_all(tmp_path):
    active = fake_python(tmp_path / 'active', lacks=False)
    for name in ('VIRTUAL_ENV', 'CONDA_PREFIX'):
        assert choose(**{name: str(active.parents[1])}) == [str(active)]


def test_active_environment_that_lacks_something_is_left_alone(tmp_path):
    active = fake_python(tmp_path / 'active', lacks=True)
    (active.parent / 'python3').symlink_to(active)
    said, chosen = choose(
        VIRTUAL_ENV=str(active.parents[1]),
        PATH=f'{active.parent}:/usr/bin:/bin')
    assert 'left alone' in said
    assert chosen == str(ROOT / '.venv/bin/python')


def test_named_environment_of_a_wrong_python_is_refused(tmp_path):
    fake_python(tmp_path, lacks=True, version_ok=False)
    done = bash(f'. {ROOT}/tools/environment.sh', DEARLI_VENV=str(tmp_path))
    assert done.returncode == 1
    assert '3.10 or newer is required' in done.stderr


def test_quickstart_explains_itself():
    done = bash(f'bash {ROOT}/tools/quickstart.sh --unknown')
    assert done.returncode == 2
    assert '--fresh' in done.stdout


@pytest.mark.parametrize('name', ['train', 'test'])
def test_mmdet_script_runs_with_its_flags(name):
    done = subprocess.run(
        [sys.executable, str(ROOT / f'tools/{name}.py'), '--help'],
        env=dict(os.environ, PYTHONPATH=str(ROOT)),
        capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert '--cfg-options' in done.stdout and '--work-dir' in done.stdout
