from unittest import mock

import pytest

from dearli_mm.utils.cpu_processes import join_cpu_processes


@pytest.mark.parametrize('torchrun,gpu,joins', [
    (True, False, True),
    (True, True, False),
    (False, False, False),
])
def test_joins_only_where_mmengine_would_fail(monkeypatch, torchrun, gpu,
                                              joins):
    monkeypatch.delenv('TORCHELASTIC_RUN_ID', raising=False)
    if torchrun:
        monkeypatch.setenv('TORCHELASTIC_RUN_ID', 'none')
    with mock.patch('torch.cuda.is_available', return_value=gpu), \
            mock.patch('torch.distributed.init_process_group') as init:
        join_cpu_processes()
    assert init.call_args_list == ([mock.call('gloo')] if joins else [])
