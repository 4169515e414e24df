"""The command ``dearli``, and what a wheel holds besides the package."""
import os
import subprocess
import sys
from pathlib import Path

import pytest

import dearli_cli as cli

ROOT = Path(__file__).resolve().parents[1]


def test_every_command_is_a_script():
    for script, _ in cli.COMMANDS.values():
        assert (cli.tools_folder() / script).is_file()
    assert 'dearli COMMAND' in cli.overview()
    assert 'labelme_to_panoptic' in cli.overview()


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, 'argv', ['dearli', *arguments])
    with pytest.raises(SystemExit) as end:
        cli.main()
    return end.value.code


def test_help_and_unknown_commands(monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', ['dearli'])
    cli.main()
    assert 'usage: dearli COMMAND' in capsys.readouterr().out
    assert run(monkeypatch, 'confgs').endswith(
        "error: no command 'confgs'; did you mean 'configs'?")
    told = run(monkeypatch, 'convert', 'labelme')
    assert 'NAME is one of ade20k_panoptic, ' in told
    assert told.endswith("did you mean 'labelme_to_panoptic'?")
    assert 'no config has' in run(monkeypatch, 'configs', 'nothing')
    monkeypatch.setattr(sys, 'argv', ['dearli', 'configs', 'dearli*ade20k'])
    cli.main()
    first = capsys.readouterr().out.split()[0]
    assert Path(cli._config_path(first)).is_file()


def test_a_group_tells_what_it_has(monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', ['dearli', 'convert', '--help'])
    cli.main()
    assert 'NAME is one of ade20k_panoptic, ' in capsys.readouterr().out


def test_configs_of_the_package(monkeypatch):
    names = cli.config_names('*mean-teacher*ade20k*')
    assert names and all('mean-teacher' in name for name in names)
    assert not any('_base_' in name for name in cli.config_names())
    path = cli._config_path(f'dearli_mm::{names[0]}')
    assert Path(path).is_file()
    assert cli._config_path('mine.py') == 'mine.py'
    code = run(monkeypatch, 'verify', 'dearli_mm::dearli/x.py')
    assert code.startswith('error: dearli_mm::dearli/x.py: there is no such')


def test_modules_of_the_current_folder(tmp_path):
    """Are found, and hide none that is installed."""
    (tmp_path / 'mine.py').write_text('')
    (tmp_path / 'dataclasses.py').write_text('raise ValueError("hides")')
    script = tmp_path / 'tools' / 'show.py'
    script.parent.mkdir()
    script.write_text('import dataclasses, mine; print(mine.__name__)')
    start = tmp_path / 'start' / 'start.py'
    start.parent.mkdir()
    start.write_text('import dearli_cli; from pathlib import Path; '
                     f'dearli_cli._run(Path({str(script)!r}), [])')
    found = subprocess.run(
        [sys.executable, str(start)], cwd=tmp_path, text=True,
        env={**os.environ, 'PYTHONPATH': str(ROOT)}, capture_output=True)
    assert found.stdout == 'mine\n', found.stderr


def test_flags_go_to_the_script(monkeypatch, capsys):
    assert run(monkeypatch, 'convert', 'make_split', '--help') == 0
    assert 'usage: make_split.py' in capsys.readouterr().out
    assert 'nowhere.py' in run(monkeypatch, 'verify', 'nowhere.py')


def test_wheel_has_what_mim_looks_for(tmp_path):
    subprocess.run(
        [sys.executable, 'setup.py', '-q', 'build_py', '--build-lib',
         str(tmp_path)], cwd=ROOT, check=True, capture_output=True)
    mim = tmp_path / 'dearli_mm' / '.mim'
    assert (mim / 'model-index.yml').is_file()
    assert (mim / 'tools/train.py').is_file()
    configs = {path.name for path in (mim / 'configs').rglob('*.py')}
    assert 'dearli_clip-convnext-b_1xb8+8-80k_ade20k-1-128-640x640.py' in \
        configs
    # What needs projects/ is not there to fail.
    for path in (mim / 'configs').rglob('*.py'):
        assert 'projects' not in path.read_text(), path
    assert not any('tiny-clip' in name for name in configs)


def test_bases_by_name_of_the_package():
    from mmengine.config.utils import _get_package_and_cfg_path
    assert _get_package_and_cfg_path('dearli_mm::dear/x.py') == (
        'dearli_mm', 'dear/x.py')


def test_base_by_name_before_anything_is_imported(tmp_path):
    """As ``mim train mmdet`` reads it: docs/install.md."""
    (tmp_path / 'c.py').write_text(
        "_base_ = __import__('dearli_mm') and 'dearli_mm::dear/x.py'\n")
    code = ('from mmengine.config import Config, utils; '
            "base, = Config._get_base_files('c.py'); "
            'print(utils._get_package_and_cfg_path(base))')
    found = subprocess.run([sys.executable, '-c', code], cwd=tmp_path,
                           check=True, capture_output=True, text=True)
    assert found.stdout == "('dearli_mm', 'dear/x.py')\n"
