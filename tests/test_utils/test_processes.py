import time
from unittest import mock

import pytest

from dearli_mm.utils.processes import join_cpu_processes, run_parallel


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


def _inverse(number):
    time.sleep(0.02 / (1 + number))  # the first takes longest
    return 1 / (number - 9)


@pytest.mark.parametrize('workers', [0, 3])
def test_results_come_in_order_and_errors_are_raised(workers):
    found = run_parallel(_inverse, range(9), workers, 'inverse')
    assert list(found) == [1 / (k - 9) for k in range(9)]
    with pytest.raises(ZeroDivisionError):
        list(run_parallel(_inverse, range(12), workers, 'inverse'))
