import math

import pytest
import torch
from mmengine.config import Config

from dearli_mm.apis.checkpoint import (load_checkpoint, load_config,
                                       parse_config_text)


def test_config_text_is_read_as_mmengine_writes_it(tmp_path):
    values = dict(
        a=1, b=-0.5, c='x, "y"', d=[(1, 2), None, True],
        e=dict(f=dict(), g={'h-i': 2, 'j': []}), k=math.inf)
    config = Config(values)
    object.__setattr__(config, '_format_python_code', False)
    assert parse_config_text(config.pretty_text) == values


@pytest.mark.parametrize('text', [
    'import os',
    'a = open("file", "w")',
    'a = dict(b=__import__("os"))',
    'a = dict(**b)',
    'a = [x for x in (1, 2)]',
    'a = (',
])
def test_config_text_is_not_run(text):
    with pytest.raises(ValueError, match='not plain data.*--config'):
        parse_config_text(text)


def test_missing_checkpoint():
    with pytest.raises(FileNotFoundError, match="checkpoint='no.pth'"):
        load_checkpoint('no.pth')


def test_checkpoint_that_holds_code(tmp_path):
    path = tmp_path / 'code.pth'
    torch.save(dict(state_dict={}, hook=print), path)
    with pytest.raises(ValueError, match='code.pth.*plain data'):
        load_checkpoint(path)


def test_checkpoint_without_config():
    with pytest.raises(ValueError, match='x.pth.*holds no config.*--config'):
        load_config(dict(meta={}), 'x.pth')


def test_config_file_that_is_missing():
    with pytest.raises(FileNotFoundError, match="config='no.py'"):
        load_config(dict(meta={}), 'x.pth', 'no.py')


def test_a_module_that_is_not_there_is_told_with_its_cure():
    text = "custom_imports = dict(imports=['no_such_module'])"
    with pytest.raises(ImportError, match="x.pth: custom_imports=.*No module "
                       "named 'no_such_module'; run this in the folder"):
        load_config(dict(meta=dict(cfg=text)), 'x.pth')
