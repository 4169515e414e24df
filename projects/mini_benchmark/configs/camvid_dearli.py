# CamVid: the mean teacher after a warm-up on masks.
_base_ = './camvid_mean-teacher.py'

custom_hooks = [
    dict(
        type='SAMWarmupHook',
        checkpoint='work_dirs/benchmark_camvid/prepare/warm-up/iter_1000.pth',
        required=True),
    *_base_.custom_hooks
]
