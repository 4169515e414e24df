# A dataset of mmseg in mmdet's training: 12 of the 367 images are labelled.
# data/camvid holds {train,val}/images/*.jpg and {train,val}/labels/*.png.
_base_ = './camvid_classes.py'

# ------------------------------------------------------------ edit, or inherit
# A child changes a value where it is used: docs/data.md ("Other values") has
# the lines.
root = 'data/camvid/'
split = '{{ fileDirname }}/splits/camvid_12.txt'
crop = 128  # side of the training crop, and short side at test

# ----------------------------------------------------------------- the loaders
load_labels = dict(
    type='LoadSemanticSegments',
    num_classes=_base_.num_classes,
    void_labels=[_base_.void_label])
annotated = dict(
    type='mmseg.BaseSegDataset',
    data_root=root,
    data_prefix=dict(img_path='train/images', seg_map_path='train/labels'),
    metainfo=_base_.metainfo)
train_loader = dict(
    batch_size=4,  # per GPU
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='ResumableInfiniteSampler'))
train_dataloader = dict(
    labeled=dict(
        **train_loader,
        dataset=dict(
            type='SemiSupPanopticDataset',
            role='labeled',
            split=split,
            dataset=dict(
                **annotated,
                pipeline=[
                    dict(
                        type='LabeledView', size=crop, annotation=load_labels)
                ]))),
    unlabeled=dict(
        **train_loader,
        dataset=dict(
            type='SemiSupPanopticDataset',
            role='unlabeled',
            split=split,
            dataset=annotated,
            weak=[  # the teacher's view
                dict(type='LoadAnyImage'),
                dict(type='RandomScaleCropFlip', size=crop)
            ],
            strong=[dict(type='StrongPhotometricAugment')])))  # the student's
val_dataloader = dict(
    batch_size=1,
    num_workers=1,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='mmseg.BaseSegDataset',
        data_root=root,
        data_prefix=dict(img_path='val/images', seg_map_path='val/labels'),
        metainfo=_base_.metainfo,
        test_mode=True,
        pipeline=[
            dict(type='LoadAnyImage'),
            dict(
                type='AntialiasResize', scale=(4 * crop, crop),
                keep_ratio=True),
            load_labels,  # of the size that they have
            dict(type='PackDetInputs')
        ]))
test_dataloader = val_dataloader

val_evaluator = [
    dict(type='PanopticMetric', prefix='student'),
    dict(type='PanopticMetric', prefix='teacher', prediction='teacher')
]
test_evaluator = val_evaluator

# A child could change these names, but nothing by them.
del root, split, crop, load_labels, annotated, train_loader
