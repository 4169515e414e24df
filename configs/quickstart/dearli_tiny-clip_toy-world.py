# All of DEARLi in small: the quickstart after the warm-up of
# ./warm-up_tiny-clip_toy-world.py. `tools/quickstart.sh --warm-up` makes what
# it needs.
_base_ = './dear_tiny-clip_toy-world.py'

custom_hooks = [
    dict(
        type='SAMWarmupHook',
        checkpoint='work_dirs/quickstart_warm-up/warm-up/iter_500.pth',
        required=True),
    *_base_.custom_hooks
]
