import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from safetensors.torch import save_file

from dearli_mm import stack
from dearli_mm.diagnostics import check_env

ROOT = Path(check_env.__file__).parents[2]


@pytest.fixture
def nothing_installed(monkeypatch):
    monkeypatch.setattr(stack, 'installed_version', lambda name: None)


def test_here_everything_is_met():
    assert stack.unmet() == []
    assert stack.python_is_supported()


def test_unmet_names_requirement_and_version(monkeypatch):
    versions = {'torch': '2.0.1', 'mmdet': '3.2.0'}
    real = stack.installed_version
    monkeypatch.setattr(stack, 'installed_version',
                        lambda name: versions.get(name) or real(name))
    texts = [str(item) for item in stack.unmet()]
    assert texts == ['torch>=2.1 is required, found: 2.0.1',
                     'mmdet==3.3.0 is required, found: 3.2.0']


def test_full_mmcv_and_the_fork_take_the_place_of_ours(monkeypatch):
    installed = {'mmcv': '2.1.0', 'onedl-mmdetection': '3.5.0'}
    monkeypatch.setattr(stack, 'installed_version', installed.get)
    names = [stack.name_of(item) for item in stack.requirements()]
    assert 'mmcv' in names and 'mmcv-lite' not in names
    assert 'onedl-mmdetection' in names and 'mmdet' not in names
    assert 'mmengine' in names


def test_nothing_installed_asks_for_mmcv_lite(nothing_installed):
    assert 'mmcv-lite==2.1.0' in stack.requirements()
    assert len(stack.unmet()) == len(stack.REQUIRED)


def test_public_files_tell_their_commands():
    table = check_env.public_files()
    assert 'curl -fL --create-dirs -o weights/sam_vit_h_4b8939.pth' in table
    # Each goes where configs read it.
    targets = re.findall(r'-o (\S+)', table)
    assert len(targets) == len(set(targets)) == 7
    read = ''.join(path.read_text() for folder in ('configs', 'projects')
                   for path in (ROOT / folder).rglob('*.py'))
    read = re.sub(r"'\n\s*'", '', read)  # strings in two parts
    clips = [path for path in targets if 'sam_' not in path]
    assert len(clips) == 4 and all(path in read for path in clips)
    assert 'huggingface.co/laion/CLIP-convnext_base_w_320' in table
    assert 'weights/sam_vit_b_01ec64.pth" | md5sum -c' in table
    assert 'Checkpoints of the reference implementation' in table
    assert 'Split files' in table


def test_a_config_is_checked_at_its_own_paths(tmp_path):
    config = ROOT / 'configs/dearli' / (
        'dearli_clip-convnext-b_1xb8+8-80k_ade20k-1-128-640x640.py')
    weights = tmp_path / 'my.safetensors'
    child = tmp_path / 'child.py'
    child.write_text(f'_base_ = {str(config)!r}\nmodel = dict(detector=dict('
                     f'backbone=dict(pretrained={str(weights)!r})))\n')
    found = list(check_env._check_config(str(child)))
    assert found[0].text.startswith(
        f"model.detector.backbone.pretrained='{weights}': no such file")
    assert f'-o {weights} https://huggingface.co/laion/CLIP-convnext_base_w' \
        in found[0].remedy
    save_file({}, weights)
    assert len(list(check_env._check_config(str(child)))) == len(found) - 1
    missing, = check_env._check_config('nowhere.py')
    assert missing.text == 'the config nowhere.py is not there'


def test_report_counts_only_problems(monkeypatch, capsys):
    checks = [check_env.Check('ok', 'fine'), check_env.Check('note', 'maybe'),
              check_env.Check('problem', 'torch', 'pip install torch')]
    monkeypatch.setattr(check_env, 'check_environment', lambda *_: checks)
    assert check_env.report(quiet=True) == 1
    output = capsys.readouterr().out
    assert 'pip install torch' in output and 'fine' not in output
    checks.pop()
    assert check_env.report(quiet=True) == 0
    assert capsys.readouterr().out == ''


def test_bare_python_gets_a_report_not_a_traceback(tmp_path):
    venv.create(tmp_path / 'bare', with_pip=False)
    python = tmp_path / 'bare' / 'bin' / 'python'
    done = subprocess.run(
        [str(python), str(ROOT / 'tools/check_env.py'), '--quiet'],
        env={}, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert 'Traceback' not in done.stderr
    assert 'torch>=2.1 is required, found: not installed' in done.stdout


def test_tool_runs_here():
    done = subprocess.run(
        [sys.executable, str(ROOT / 'tools/check_env.py')],
        capture_output=True, text=True, cwd=ROOT)
    assert 'Traceback' not in done.stderr
    assert 'device: ' in done.stdout
