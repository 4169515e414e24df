import logging
from types import SimpleNamespace

import pytest

from dearli_mm.engine.hooks import TeacherMonitorHook


def test_warns_after_patience_and_starts_anew(caplog):
    runner = SimpleNamespace(logger=logging.getLogger('monitor'))
    hook = TeacherMonitorHook(patience=3)
    with caplog.at_level(logging.WARNING):
        for segments in (0., 0., 2., 0., 0.):
            hook.after_train_iter(
                runner, 0, outputs=dict(pseudo_segments=segments))
        assert not caplog.records
        hook.after_train_iter(runner, 0, outputs=dict(pseudo_segments=0.))
    assert 'single segment for 3 steps' in caplog.text
    assert 'Likely causes' in caplog.text


def test_bad_patience():
    with pytest.raises(ValueError, match='patience=0'):
        TeacherMonitorHook(0)
