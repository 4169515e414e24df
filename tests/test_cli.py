"""The command ``dearli``, and what a wheel holds besides the package."""
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
    assert run(monkeypatch) == 0
    assert run(monkeypatch, 'fly') == 1
    assert 'usage: dearli COMMAND' in capsys.readouterr().out
    assert 'NAME is one of ade20k_panoptic, ' in run(
        monkeypatch, 'convert', 'nothing')


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
