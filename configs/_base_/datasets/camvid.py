# A dataset of mmseg in mmdet's training: 12 of the 367 images are labelled.
_base_ = './camvid_classes.py'

# ---------------------------------------------------------------- to change
split = '{{ fileDirname }}/splits/camvid_12.txt'
labeled_batch_size = 4  # a GPU
unlabeled_batch_size = 4  # a GPU
num_workers = 1  # a loader

# --------------------------------------------------------------- the pipelines
load_labels = dict(
    type='LoadSemanticSegments',
    num_classes=_base_.num_classes,
    void_labels=[_base_.void_label])
labeled_pipeline = [
    dict(type='LoadAnyImage'),
    load_labels,
    dict(type='RandomScaleCropFlip', size=_base_.crop),
    dict(type='SSDColorAugment'),
    dict(type='PackDetInputs')
]
weak_view = [  # the teacher's
    dict(type='LoadAnyImage'),
    dict(type='RandomScaleCropFlip', size=_base_.crop)
]
strong_view = [dict(type='StrongPhotometricAugment')]  # the student's, of weak
test_pipeline = [
    dict(type='LoadAnyImage'),
    dict(
        type='AntialiasResize',
        scale=(4 * _base_.crop, _base_.crop),
        keep_ratio=True),
    load_labels,
    dict(
        type='PackDetInputs',
        meta_keys=('img_path', 'ori_shape', 'img_shape', 'scale_factor'))
]

# ----------------------------------------------------------------- the loaders
train_set = dict(
    type='mmseg.BaseSegDataset',
    data_root=_base_.data_root,
    data_prefix=dict(img_path='train/images', seg_map_path='train/labels'),
    metainfo=_base_.metainfo,
    pipeline=labeled_pipeline)
train_dataloader = dict(
    labeled=dict(
        batch_size=labeled_batch_size,
        num_workers=num_workers,
        persistent_workers=num_workers > 0,
        sampler=dict(type='ResumableInfiniteSampler'),
        dataset=dict(
            type='SemiSupPanopticDataset',
            role='labeled',
            split=split,
            dataset=train_set)),
    unlabeled=dict(
        batch_size=unlabeled_batch_size,
        num_workers=num_workers,
        persistent_workers=num_workers > 0,
        sampler=dict(type='ResumableInfiniteSampler'),
        dataset=dict(
            type='SemiSupPanopticDataset',
            role='unlabeled',
            split=split,
            dataset=train_set,
            weak=weak_view,
            strong=strong_view)))
val_dataloader = dict(
    batch_size=1,
    num_workers=num_workers,
    persistent_workers=num_workers > 0,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='mmseg.BaseSegDataset',
        data_root=_base_.data_root,
        data_prefix=dict(img_path='val/images', seg_map_path='val/labels'),
        metainfo=_base_.metainfo,
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = val_dataloader

val_evaluator = [
    dict(type='PanopticMetric', prefix='student'),
    dict(type='PanopticMetric', prefix='teacher', prediction='teacher')
]
test_evaluator = val_evaluator
