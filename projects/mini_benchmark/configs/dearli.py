# DEARLi: DEAR from the pixel decoder and mask decoder of the warm-up.
_base_ = './dear.py'

custom_hooks = [
    dict(
        type='SAMWarmupHook',
        checkpoint='work_dirs/mini_benchmark/prepare/warm-up/iter_1000.pth',
        required=True),
    *_base_.custom_hooks
]
