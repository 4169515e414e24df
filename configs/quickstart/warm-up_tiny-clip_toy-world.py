# The quickstart's warm-up: 500 steps on masks of its 512 training scenes.
# `tools/quickstart.sh --warm-up` makes the masks.
_base_ = '../sam_warmup/sam-warmup_tiny-clip_1xb8-1000_toy-world-128x128.py'

train_cfg = dict(max_iters=500, val_interval=500)
param_scheduler = [
    dict(
        type='PolyLR',
        eta_min=0,
        power=0.9,
        begin=0,
        end=500,
        by_epoch=False)
]
default_hooks = dict(checkpoint=dict(interval=500))
