# Gradient accumulation: a step of the optimiser every two iterations of 4 + 4
# images. All counts are iterations, so all of them double.
_base_ = '../dearli/dearli_clip-convnext-b_1xb8+8-80k_ade20k-1-128-640x640.py'

optim_wrapper = dict(accumulative_counts=2)
train_dataloader = dict(
    labeled=dict(batch_size=4), unlabeled=dict(batch_size=4))
train_cfg = dict(max_iters=160000, val_interval=40000)
param_scheduler = [
    dict(
        type='PolyLR',
        eta_min=0,
        power=0.9,
        begin=0,
        end=160000,
        by_epoch=False)
]
default_hooks = dict(checkpoint=dict(interval=10000))
