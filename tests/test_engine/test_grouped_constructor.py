import torch
from mmengine.optim import build_optim_wrapper
from torch import nn

import dearli_mm  # noqa: F401


class Net(nn.Module):

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(2, 2), nn.LayerNorm(2), nn.Linear(2, 2))
        self.queries = nn.Embedding(3, 2)
        self.special = nn.Linear(2, 2)
        self.frozen = nn.Linear(2, 2).requires_grad_(False)
        self.scale = nn.Parameter(torch.zeros(()))


def test_one_group_a_setting():
    net = Net()
    wrapper = build_optim_wrapper(
        net,
        dict(
            type='OptimWrapper',
            constructor='GroupedOptimWrapperConstructor',
            optimizer=dict(type='AdamW', lr=0.1, weight_decay=0.05),
            paramwise_cfg=dict(
                norm_decay_mult=0.0,
                embedding_decay_mult=0.0,
                custom_keys=dict(special=dict(lr_mult=0.1)))))
    groups = {
        (round(g['lr'], 4), g['weight_decay']): len(g['params'])
        for g in wrapper.optimizer.param_groups
    }
    # layers 0 and 2 and scale; norm and embedding; special.
    assert groups == {(0.1, 0.05): 5, (0.1, 0.0): 3, (0.01, 0.05): 2}
    listed = [p for g in wrapper.optimizer.param_groups for p in g['params']]
    assert len({id(p) for p in listed}) == len(listed) == 10
