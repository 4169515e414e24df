# CamVid as mmseg's own tools read it: all 367 images are labelled.
_base_ = './camvid_classes.py'

# ---------------------------------------------------------------- to change
batch_size = 4  # a GPU
num_workers = 1  # a loader

# --------------------------------------------------------------- the pipelines
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(
        type='RandomResize',
        scale=(4 * _base_.crop, _base_.crop),
        ratio_range=(0.5, 2.0),
        resize_type='mmdet.AntialiasResize',
        keep_ratio=True),
    dict(
        type='RandomCrop',
        crop_size=(_base_.crop, _base_.crop),
        cat_max_ratio=0.75),
    dict(type='RandomFlip', prob=0.5),
    dict(type='mmdet.SSDColorAugment'),
    dict(type='PackSegInputs')
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='mmdet.AntialiasResize',
        scale=(4 * _base_.crop, _base_.crop),
        keep_ratio=True),
    dict(type='LoadAnnotations'),
    dict(type='PackSegInputs')
]

# ----------------------------------------------------------------- the loaders
train_dataloader = dict(
    batch_size=batch_size,
    num_workers=num_workers,
    persistent_workers=num_workers > 0,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type='BaseSegDataset',
        data_root=_base_.data_root,
        data_prefix=dict(img_path='train/images', seg_map_path='train/labels'),
        metainfo=_base_.metainfo,
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=1,
    num_workers=num_workers,
    persistent_workers=num_workers > 0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='BaseSegDataset',
        data_root=_base_.data_root,
        data_prefix=dict(img_path='val/images', seg_map_path='val/labels'),
        metainfo=_base_.metainfo,
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = val_dataloader

val_evaluator = dict(
    type='IoUMetric', iou_metrics=['mIoU'], ignore_index=_base_.void_label)
test_evaluator = val_evaluator
