# What every run shares: hooks, logging, environment.
custom_imports = dict(imports=['dearli_mm'], allow_failed_imports=False)
default_scope = 'mmdet'
# All that a run lacks is told at once, before it begins.
runner_type = 'PreflightRunner'

default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(
        type='AtomicCheckpointHook',
        by_epoch=False,
        interval=5000,
        max_keep_ckpts=2,  # the latest ones, beside the best
        save_best='student/PQ',
        rule='greater'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    visualization=dict(type='PanopticVisualizationHook', max_images=8),
    # Checkpoints hold plain data and load with weights_only=True.
    plain_checkpoint=dict(type='PlainCheckpointHook'),
    # A resumed run follows the schedule of its config.
    resumed_schedule=dict(type='ResumedScheduleHook'),
    # Two runs in one work dir would mix their checkpoints.
    work_dir_lock=dict(type='WorkDirLockHook'))
custom_hooks = [
    dict(type='EMATeacherHook', decay=0.999, ramp='auto'),
    dict(type='TeacherMonitorHook', patience=100),
]

env_cfg = dict(
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'))
visualizer = dict(
    type='PanopticVisualizer',
    vis_backends=[dict(type='LocalVisBackend')],
    name='visualizer')
log_processor = dict(
    type='PanopticLogProcessor', window_size=50, by_epoch=False)
log_level = 'INFO'
tta_model = dict(type='PanopticTTAModel', iou_thr=0.5)  # of `--tta`
randomness = dict(seed=0)
load_from = None
resume = False
