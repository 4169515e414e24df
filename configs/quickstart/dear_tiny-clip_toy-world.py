# The quickstart: DEARLi without a warm-up, which the paper calls DEAR; 16
# labelled and 496 unlabelled scenes.
# 1 process, batch 4 + 4, a few minutes on two CPU cores. Needs data/toy_world,
# which tools/quickstart.sh makes.
_base_ = [
    '../_base_/models/dearli_tiny-clip.py',
    '../_base_/datasets/toy_world.py',
    '../_base_/schedules/adamw_poly_small.py', '../_base_/default_runtime.py'
]
custom_imports = dict(
    imports=['dearli_mm', 'projects.toy_world'], allow_failed_imports=False)

model = dict(
    detector=dict(
        panoptic_head=dict(
            num_things_classes=8,
            num_stuff_classes=5,
            text_classifier=dict(classes=_base_.class_prompts)),
        panoptic_fusion_head=dict(num_things_classes=8, num_stuff_classes=5)),
    # In a short run less of what the teacher misses is taught as void.
    semi_train_cfg=dict(pseudo_void_weight=0.02))
custom_hooks = [  # a short run wants a quicker teacher than 0.999
    dict(type='EMATeacherHook', decay=0.99, ramp='auto'),
    dict(type='TeacherMonitorHook', patience=100)
]
default_hooks = dict(checkpoint=dict(interval=750))
