# The paper's network: a GPU, batch 8 + 8 crops of 640, and the weights of CLIP
# at the path that configs/_base_/models/dearli_clip-convnext-b.py names.
_base_ = [
    '../../../configs/_base_/models/dearli_clip-convnext-b.py',
    './my_photos.py', '../../../configs/_base_/schedules/adamw_poly_80k.py',
    '../../../configs/_base_/default_runtime.py'
]

model = dict(
    detector=dict(
        panoptic_head=dict(
            num_things_classes=_base_.num_things,
            num_stuff_classes=_base_.num_stuff,
            text_classifier=dict(classes=_base_.class_prompts)),
        panoptic_fusion_head=dict(
            num_things_classes=_base_.num_things,
            num_stuff_classes=_base_.num_stuff)))
# False as long as there is no warm-up: then it is DEAR.
custom_hooks = [
    dict(
        type='SAMWarmupHook',
        checkpoint='work_dirs/my_photos_warm-up/iter_20000.pth',
        required=True),
    *_base_.custom_hooks
]

train_cfg = dict(max_iters=20000, val_interval=2000)
param_scheduler = [dict(type='PolyLR', eta_min=0, power=0.9, begin=0,
                        end=20000, by_epoch=False)]

# The base config's crop of 128, batch and workers are for a CPU.
loader = dict(batch_size=8, num_workers=4)
train_dataloader = dict(
    labeled=dict(
        **loader,
        dataset=dict(
            dataset=dict(pipeline=[dict(type='LabeledView', size=640)]))),
    unlabeled=dict(
        **loader,
        dataset=dict(weak=[
            dict(type='LoadAnyImage'),
            dict(type='RandomScaleCropFlip', size=640)
        ])))
val_dataloader = dict(
    dataset=dict(
        dataset=dict(pipeline=[
            dict(type='LoadAnyImage'),
            dict(type='TestView', size=640)
        ])))
test_dataloader = val_dataloader
tta_pipeline = [
    dict(type='LoadAnyImage'),
    dict(type='TestTimeViews', size=640)
]
del loader
