# A first look on a CPU: the small network on the CLIP of projects/toy_world,
# batch 4 + 4, 1500 steps. It has never seen a photograph, so its zero-shot
# opinion is left out.
_base_ = [
    '../../../configs/_base_/models/dearli_tiny-clip.py', './my_photos.py',
    '../../../configs/_base_/schedules/adamw_poly_small.py',
    '../../../configs/_base_/default_runtime.py'
]
custom_imports = dict(
    imports=['dearli_mm', 'projects.toy_world'], allow_failed_imports=False)

model = dict(
    detector=dict(
        panoptic_head=dict(
            num_things_classes=_base_.num_things,
            num_stuff_classes=_base_.num_stuff,
            text_classifier=dict(classes=_base_.class_prompts)),
        panoptic_fusion_head=dict(
            num_things_classes=_base_.num_things,
            num_stuff_classes=_base_.num_stuff),
        test_cfg=dict(alpha=0.0)),
    semi_train_cfg=dict(pseudo_label=dict(alpha=0.0)))
custom_hooks = [
    dict(
        type='SAMWarmupHook',
        checkpoint='work_dirs/my_photos_warm-up/iter_1000.pth',
        required=True),
    dict(type='EMATeacherHook', decay=0.99, ramp='auto'),
    dict(type='TeacherMonitorHook', patience=100)
]
default_hooks = dict(checkpoint=dict(interval=750))
