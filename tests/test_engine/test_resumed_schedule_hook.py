"""What a resumed schedule is not compared with."""
from types import SimpleNamespace

import torch
from mmengine.optim import OptimWrapper, OptimWrapperDict

from dearli_mm.engine.hooks import ResumedScheduleHook


def test_several_optimisers_are_left_alone():
    wrapper = OptimWrapperDict(one=OptimWrapper(
        torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)))
    runner = SimpleNamespace(optim_wrapper=wrapper, iter=3, max_iters=9,
                             param_schedulers=dict(one=[]))
    hook = ResumedScheduleHook()
    hook.before_run(runner)
    hook.before_train(runner)
