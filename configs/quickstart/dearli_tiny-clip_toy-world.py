# The quickstart: DEARLi in small, on 16 labelled and 496 unlabelled scenes.
# 1 process, batch 4 + 4, a few minutes on two CPU cores. Needs data/toy_world.
_base_ = [
    '../_base_/models/dearli_tiny-clip.py',
    '../_base_/datasets/toy_world.py',
    '../_base_/schedules/adamw_poly_80k.py', '../_base_/default_runtime.py'
]
max_iters = 1200

model = dict(
    detector=dict(
        panoptic_head=dict(
            num_things_classes=8,
            num_stuff_classes=5,
            text_classifier=dict(classes={{_base_.class_prompts}})),
        panoptic_fusion_head=dict(num_things_classes=8, num_stuff_classes=5)))
# A small network on a short schedule: larger steps, a quicker teacher.
optim_wrapper = dict(optimizer=dict(lr=1e-3), clip_grad=dict(max_norm=0.1))
param_scheduler = [dict(type='PolyLR', eta_min=0, power=0.9, begin=0,
                        end=max_iters, by_epoch=False)]
train_cfg = dict(max_iters=max_iters, val_interval=600, val_before_train=True)
custom_hooks = [
    dict(type='EMATeacherHook', decay=0.99, ramp='auto'),
    dict(type='TeacherMonitorHook', patience=100),
]
default_hooks = dict(checkpoint=dict(interval=600))
