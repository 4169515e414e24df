# `mim train mmdet`: DEARLi in small on street photographs, a dataset of mmseg:
# 12 labelled and 355 unlabelled images. 1 process, batch 4 + 4, 1500 steps.
# Needs data/camvid. The tiny CLIP has never seen a photograph: its zero-shot
# opinion is left out (alpha 0), and the teacher waits for 500 steps.
_base_ = [
    '../_base_/models/dearli_tiny-clip.py', '../_base_/datasets/camvid.py',
    '../_base_/schedules/adamw_poly_small.py', '../_base_/default_runtime.py'
]
custom_imports = dict(
    imports=['dearli_mm', 'projects.toy_world'], allow_failed_imports=False)

model = dict(
    detector=dict(
        panoptic_head=dict(
            num_things_classes=0,
            num_stuff_classes=_base_.num_classes,
            text_classifier=dict(classes=_base_.class_prompts)),
        panoptic_fusion_head=dict(
            num_things_classes=0, num_stuff_classes=_base_.num_classes),
        test_cfg=dict(alpha=0.0)),
    semi_train_cfg=dict(pseudo_label=dict(alpha=0.0)))
custom_hooks = [
    dict(type='EMATeacherHook', decay=0.99, burn_in=500),
    dict(type='TeacherMonitorHook', patience=100)
]
default_hooks = dict(checkpoint=dict(interval=750, save_best='student/mIoU'))
