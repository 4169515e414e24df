# All of DEARLi in small: 16 labelled and 496 unlabelled scenes, after the
# warm-up of ./warm-up_tiny-clip_toy-world.py. 1 process, batch 4 + 4. It needs
# what tools/quickstart.sh makes.
_base_ = './dear_tiny-clip_toy-world.py'

# In a short run less of what the teacher misses is taught as void.
model = dict(semi_train_cfg=dict(pseudo_void_weight=0.02))

custom_hooks = [
    dict(
        type='SAMWarmupHook',
        checkpoint='work_dirs/quickstart/warm-up/iter_500.pth',
        required=True),
    *_base_.custom_hooks
]
