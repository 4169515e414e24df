"""Files that are no checkpoint, or half of one."""
from pathlib import Path

import pytest
import torch
from mmengine.runner.checkpoint import CheckpointLoader

import dearli_mm.engine  # noqa: F401
from dearli_mm.utils.plain_files import load_plain


@pytest.fixture
def whole(tmp_path):
    path = tmp_path / 'whole.pth'
    torch.save(dict(state_dict=dict(w=torch.arange(1000.)), meta={}), path)
    return path


@pytest.mark.parametrize('content, message', [
    (lambda whole: whole[:1500], 'incomplete, only 1,500 bytes are there'),
    (lambda whole: b'<html>not found</html>',
     r'no PyTorch file \(22 bytes\)'),
    (lambda whole: b'\x89PNG' + whole, 'no PyTorch file'),
    (lambda whole: b'', r'no PyTorch file \(0 bytes\)'),
])
def test_files_that_are_no_checkpoint(tmp_path, whole, content, message):
    path = tmp_path / 'other.pth'
    path.write_bytes(content(whole.read_bytes()))
    with pytest.raises(ValueError, match=f"key='.*other.pth': .*{message}"):
        load_plain(path, 'key')
    # mmdet's scripts, --resume and load_from read the same way.
    with pytest.raises(ValueError, match=f"checkpoint='.*{message}"):
        CheckpointLoader.load_checkpoint(str(path))


def test_old_format_cut_off(tmp_path):
    path = tmp_path / 'old.pth'
    torch.save(dict(w=torch.ones(1000)), path,
               _use_new_zipfile_serialization=False)
    assert load_plain(path)['w'].sum() == 1000
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match='incomplete'):
        load_plain(path)


def test_more_than_plain_data(tmp_path):
    path = tmp_path / 'objects.pth'
    torch.save(dict(state_dict={}, message_hub=Path('x')), path)
    with pytest.raises(ValueError,
                       match='more than plain data.*PlainCheckpointHook'):
        load_plain(path)


def test_absent(tmp_path, whole):
    assert CheckpointLoader.load_checkpoint(str(whole))['meta'] == {}
    with pytest.raises(FileNotFoundError, match="checkpoint='.*no such file"):
        CheckpointLoader.load_checkpoint(str(tmp_path / 'absent.pth'))
