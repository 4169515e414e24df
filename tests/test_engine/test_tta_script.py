"""``--tta`` of mmdet's test script."""
import json
import sys

import pytest
from test_semi_sup_training import world  # noqa: F401
from test_semi_sup_training import CONFIG, build_runner, options

from dearli_mm.utils.mmdet_script import run_mmdet_script


def test_tta_reports_both_networks(world, tmp_path,  # noqa: F811
                                   monkeypatch):
    build_runner(
        world, tmp_path, max_iters=1, **{
            'default_hooks.checkpoint.interval': 1
        }).train()
    overrides = [f'{key}={value}' for key, value in options(world).items()]
    monkeypatch.setattr(sys, 'argv', [
        'test.py', str(CONFIG), str(tmp_path / 'iter_1.pth'), '--tta',
        '--work-dir', str(tmp_path / 'test'), '--cfg-options', *overrides
    ])
    with pytest.warns() as caught:
        run_mmdet_script('test.py')
    assert not any('tta' in str(w.message) for w in caught)  # ours is used
    result, = (tmp_path / 'test').glob('*/*.json')
    values = json.loads(result.read_text())
    for network in ('student', 'teacher'):
        for name in ('PQ', 'SQ_th', 'RQ_st', 'mIoU'):
            assert f'{network}/{name}' in values
