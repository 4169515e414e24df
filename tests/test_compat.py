import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from dearli_mm import compat

ROOT = Path(compat.__file__).parents[2]
FAKE_MMCV = 'mmcv/__init__.py'


def run(code, *path):
    """Runs code in a fresh Python whose path starts with ``path``."""
    env = dict(os.environ, PYTHONPATH=os.pathsep.join(map(str, path)))
    return subprocess.run(
        [sys.executable, '-c', code], env=env, capture_output=True, text=True)


@pytest.fixture
def fake_mmcv(tmp_path, monkeypatch):
    """An mmcv without operators that is the one to be found."""
    folder = tmp_path / 'mmcv'
    folder.mkdir()
    (folder / '__init__.py').touch()
    for name in [name for name in sys.modules
                 if name == 'mmcv' or name.startswith('mmcv.')]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(str(tmp_path))
    return folder


def test_placeholder_answers_imports_and_names_the_op(tmp_path):
    (tmp_path / 'mmcv').mkdir()
    (tmp_path / FAKE_MMCV).touch()
    done = run(
        'import importlib.util, sys\n'
        'from compat import _load_placeholder, ops_status\n'
        'assert ops_status() == "missing"\n'
        '_load_placeholder()\n'
        'assert ops_status() == "loaded"\n'
        'assert importlib.util.find_spec("mmcv._ext") is not None\n'
        'from mmcv import _ext\n'
        'assert not hasattr(_ext, "__path__")\n'
        'assert _ext.get_compiler_version() == "not available"\n'
        'sys.modules["mmcv._ext"].nms_rotated(1)', tmp_path,
        ROOT / 'dearli_mm')
    assert "MissingOpError: The mmcv operator 'nms_rotated'" in done.stderr
    assert 'pip uninstall -y mmcv-lite' in done.stderr


def test_mmdet_models_can_be_imported():
    done = run(
        'import dearli_mm, mmdet.models, mmcv.ops\n'
        'from dearli_mm.compat import ops_status\n'
        'assert ops_status() != "missing"', ROOT)
    assert done.returncode == 0, done.stderr


def test_missing_mmcv_is_named():
    done = run(
        'import sys\n'
        'sys.modules["mmcv"] = None\n'
        'import importlib.util\n'
        'importlib.util.find_spec = lambda name: None\n'
        'import compat\n'
        'compat.ops_status()', ROOT / 'dearli_mm')
    assert 'CompatError: mmcv is not installed' in done.stderr


def test_install_and_uninstall(fake_mmcv):
    assert compat.installed_status() == 'missing'
    for _ in range(2):
        assert str(fake_mmcv) in compat.install()
        assert compat.installed_status() == 'installed'
    assert 'removed' in compat.uninstall()
    assert 'nothing to remove' in compat.uninstall()
    assert compat.installed_status() == 'missing'


def test_files_of_others_are_left_alone(fake_mmcv):
    foreign = fake_mmcv / '_ext.py'
    foreign.write_text('nms = None\n')
    assert compat.ops_status() == 'real'
    assert 'nothing to install' in compat.install()
    with pytest.raises(compat.CompatError, match='left alone'):
        compat.uninstall()
    assert foreign.read_text() == 'nms = None\n'


def test_folder_that_cannot_be_written(fake_mmcv, monkeypatch):
    def read_only(source, target):
        raise PermissionError(13, 'Permission denied')

    monkeypatch.setattr(compat.shutil, 'copyfile', read_only)
    with pytest.raises(compat.CompatError, match='Permission.*tools/test.py'):
        compat.install()


def test_module_of_others_without_spec_is_left_alone(fake_mmcv, monkeypatch):
    monkeypatch.setitem(sys.modules, compat.EXT_NAME, type(sys)('mmcv._ext'))
    compat.ensure_mmcv_ops()
    assert compat.ops_status() == 'real'


@pytest.mark.skipif(
    compat.ops_status() == 'real', reason='mmcv has compiled operators')
def test_deformable_attention_takes_the_pytorch_path_and_warns_once(recwarn):
    from mmcv.ops import multi_scale_deform_attn as attn
    compat.ensure_mmcv_ops()
    shapes = torch.tensor([[4, 4], [2, 2]])
    starts = torch.tensor([0, 16])
    value = torch.rand(1, 20, 2, 8, requires_grad=True)
    places = torch.rand(1, 3, 2, 2, 4, 2)
    weights = torch.rand(1, 3, 2, 2, 4)
    for _ in range(2):
        output = attn.MultiScaleDeformableAttnFunction.apply(
            value, shapes, starts, places, weights, 64)
    expected = attn.multi_scale_deformable_attn_pytorch(
        value, shapes, places, weights)
    torch.testing.assert_close(output, expected)
    output.sum().backward()
    assert value.grad is not None
    assert sum('deformable attention' in str(w.message) for w in recwarn) == 1
