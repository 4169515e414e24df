# CamVid as mmseg's own tools read it: all 367 images are labelled.
_base_ = './camvid_classes.py'

# ------------------------------------------------------------ edit, or inherit
# A child changes a value where it is used: docs/data.md ("Other values") has
# the lines.
root = 'data/camvid/'
crop = 128  # side of the training crop, and short side at test

# ----------------------------------------------------------------- the loaders
train_dataloader = dict(
    batch_size=4,  # per GPU
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type='BaseSegDataset',
        data_root=root,
        data_prefix=dict(img_path='train/images', seg_map_path='train/labels'),
        metainfo=_base_.metainfo,
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='LoadAnnotations'),
            dict(
                type='RandomResize',
                scale=(4 * crop, crop),
                ratio_range=(0.5, 2.0),
                resize_type='mmdet.AntialiasResize',
                keep_ratio=True),
            dict(
                type='RandomCrop', crop_size=(crop, crop), cat_max_ratio=0.75),
            dict(type='RandomFlip', prob=0.5),
            dict(type='mmdet.SSDColorAugment'),
            dict(type='PackSegInputs')
        ]))
val_dataloader = dict(
    batch_size=1,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='BaseSegDataset',
        data_root=root,
        data_prefix=dict(img_path='val/images', seg_map_path='val/labels'),
        metainfo=_base_.metainfo,
        test_mode=True,
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(
                type='mmdet.AntialiasResize',
                scale=(4 * crop, crop),
                keep_ratio=True),
            dict(type='LoadAnnotations'),  # of the size that they have
            dict(type='PackSegInputs')
        ]))
test_dataloader = val_dataloader

val_evaluator = dict(
    type='IoUMetric', iou_metrics=['mIoU'], ignore_index=_base_.void_label)
test_evaluator = val_evaluator

# A child could change these names, but nothing by them.
del root, crop
