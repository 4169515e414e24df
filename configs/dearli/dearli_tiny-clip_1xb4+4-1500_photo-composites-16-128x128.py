# DEARLi in small on real photographs: 16 labelled and 784 unlabelled scenes.
# 1 process, batch 4 + 4, 1500 steps. Needs data/photo_composites; takes the
# warm-up of configs/sam_warmup/ if that has been trained. The tiny CLIP has
# never seen a photograph: its zero-shot opinion is left out (alpha 0), and
# the teacher waits until the student has learnt something of the labels.
_base_ = [
    '../_base_/models/dearli_tiny-clip.py',
    '../_base_/datasets/photo_composites.py',
    '../_base_/schedules/adamw_poly_small.py', '../_base_/default_runtime.py'
]
custom_imports = dict(
    imports=['dearli_mm', 'projects.toy_world'], allow_failed_imports=False)

model = dict(
    detector=dict(
        panoptic_head=dict(
            num_things_classes=6,
            num_stuff_classes=6,
            text_classifier=dict(classes=_base_.class_prompts)),
        panoptic_fusion_head=dict(num_things_classes=6, num_stuff_classes=6),
        test_cfg=dict(alpha=0.0)),
    semi_train_cfg=dict(pseudo_label=dict(alpha=0.0)))
custom_hooks = [
    dict(
        type='SAMWarmupHook',
        checkpoint='work_dirs/warm-up_photo-composites/iter_1000.pth',
        required=False),
    dict(type='EMATeacherHook', decay=0.99, burn_in=500),
    dict(type='TeacherMonitorHook', patience=100)
]
default_hooks = dict(checkpoint=dict(interval=750))
