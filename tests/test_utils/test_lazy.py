"""Packages that are imported when they are used, and not before."""
import sys

import pytest

from dearli_mm.utils.lazy import lazy_module


def test_it_is_imported_by_use_and_not_by_looks(tmp_path, monkeypatch):
    (tmp_path / 'slow_package.py').write_text('value = 3\n')
    monkeypatch.syspath_prepend(tmp_path)
    slow = lazy_module('slow_package')
    for module in list(sys.modules.values()):  # as inspect.getmodule does
        hasattr(module, '__file__')
    assert 'slow_package' not in sys.modules
    assert slow.value == 3
    monkeypatch.delitem(sys.modules, 'slow_package')


def test_one_that_is_missing_is_told_at_once():
    with pytest.raises(ModuleNotFoundError, match='no_such_package'):
        lazy_module('no_such_package')
