# DEARLi on CamVid as configs/mmseg has it, from a warm-up.
_base_ = ('../../../configs/mmseg/'
          'dearli_tiny-clip_1xb4+4-1500_camvid-12-128x128.py')

custom_hooks = [
    dict(
        type='SAMWarmupHook',
        checkpoint='work_dirs/benchmark_camvid/prepare/warm-up/iter_1000.pth',
        required=True),
    *_base_.custom_hooks
]
