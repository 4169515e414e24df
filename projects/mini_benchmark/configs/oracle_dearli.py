# The same from the warm-up: what does it give if names are no concern?
_base_ = './oracle.py'

custom_hooks = [
    dict(
        type='SAMWarmupHook',
        checkpoint='work_dirs/mini_benchmark/prepare/warm-up/iter_1000.pth',
        required=True),
    *_base_.custom_hooks
]
