# Of a run that starts from the warm-up on masks of Cityscapes
# (docs/warm-up.md).
_base_ = './default_runtime.py'

custom_hooks = [
    dict(
        type='SAMWarmupHook',
        checkpoint='work_dirs/sam-warmup_clip-convnext-b_cityscapes/'
        'iter_160000.pth',
        required=True),
    *_base_.custom_hooks
]
