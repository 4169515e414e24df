# All of DEARLi in small: 16 labelled and 496 unlabelled scenes, after the
# warm-up of ./warm-up_tiny-clip_toy-world.py. 1 process, batch 4 + 4. It needs
# what tools/quickstart.sh makes.
_base_ = './dear_tiny-clip_toy-world.py'

custom_hooks = [
    dict(
        type='SAMWarmupHook',
        checkpoint='work_dirs/quickstart/warm-up/iter_500.pth',
        required=True),
    *_base_.custom_hooks
]
