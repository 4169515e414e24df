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


def test_a_learning_rate_leaves_the_decay_of_norms_alone():
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
                custom_keys={
                    'layers': dict(lr_mult=0.1),
                    'layers.2': dict(lr_mult=0.5),
                    'queries': dict(decay_mult=2.0)
                })))
    group_of = {
        id(p): (round(g['lr'], 4), g['weight_decay'])
        for g in wrapper.optimizer.param_groups for p in g['params']
    }
    found = {
        name: group_of[id(p)]
        for name, p in net.named_parameters() if p.requires_grad
    }
    assert found['layers.0.weight'] == (0.01, 0.05)
    assert found['layers.1.weight'] == found['layers.1.bias'] == (0.01, 0.0)
    assert found['layers.2.weight'] == (0.05, 0.05)  # the longest key
    assert found['queries.weight'] == (0.1, 0.1)
    assert found['scale'] == (0.1, 0.05)
