# What runs of mmseg's own tools share.
custom_imports = dict(
    imports=['dearli_mm', 'dearli_mm.mmseg'], allow_failed_imports=False)
default_scope = 'mmseg'
runner_type = 'PreflightRunner'

default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(
        type='mmdet.AtomicCheckpointHook',
        by_epoch=False,
        interval=750,
        max_keep_ckpts=2,  # the latest ones, beside the best
        save_best='mIoU',
        rule='greater'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    visualization=dict(type='SegVisualizationHook'),
    # Checkpoints hold plain data and load with weights_only=True.
    plain_checkpoint=dict(type='mmdet.PlainCheckpointHook'))

env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'))
visualizer = dict(
    type='SegLocalVisualizer',
    vis_backends=[dict(type='LocalVisBackend')],
    name='visualizer')
log_processor = dict(type='LogProcessor', window_size=50, by_epoch=False)
log_level = 'INFO'
randomness = dict(seed=0)
load_from = None
resume = False
