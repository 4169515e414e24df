# One's own photos: some are annotated with labelme, all others are unlabelled.
# The README says how to make the files.

# ---------------------------------------------------------------- to change
photos = 'data/my_photos/'  # all photos; labelme's files may lie among them
panoptic = 'data/my_photos_panoptic/'  # what the converter and splits wrote
crop = 128  # side of the training crop, and short side at test
labeled_batch_size = 4  # a GPU
unlabeled_batch_size = 4  # a GPU
num_workers = 1  # a loader

# ------------------------------------------------------------- the classes
thing_classes = ['mug', 'spoon', 'plate']
stuff_classes = ['table', 'wall']
# What CLIP reads: things first, commas between synonyms. More words help.
class_prompts = [
    'mug, coffee cup', 'spoon', 'plate, dish', 'table, wooden table', 'wall'
]
metainfo = dict(
    classes=thing_classes + stuff_classes,
    thing_classes=thing_classes,
    stuff_classes=stuff_classes)
num_things = len(thing_classes)
num_stuff = len(stuff_classes)

# --------------------------------------------------------------- the splits
split = panoptic + 'labeled.txt'
val_split = panoptic + 'val.txt'

# --------------------------------------------------------------- the pipelines
labeled_pipeline = [
    dict(type='LoadAnyImage'),
    dict(type='LoadPanopticSegments'),
    dict(type='RandomScaleCropFlip', size=crop),
    dict(type='SSDColorAugment'),
    dict(type='PackDetInputs')
]
weak_view = [  # the teacher's
    dict(type='LoadAnyImage'),
    dict(type='RandomScaleCropFlip', size=crop)
]
strong_view = [dict(type='StrongPhotometricAugment')]  # the student's, of weak
test_pipeline = [
    dict(type='LoadAnyImage'),
    dict(type='AntialiasResize', scale=(4 * crop, crop), keep_ratio=True),
    dict(
        type='PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape',
                   'scale_factor', 'seg_map_path', 'segments_info'))
]

# ----------------------------------------------------------------- the loaders
annotated = dict(
    type='PanopticDataset',
    ann_file=panoptic + 'panoptic.json',
    data_prefix=dict(img=photos, seg=panoptic + 'panoptic/'),
    metainfo=metainfo)
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
            dataset=dict(**annotated, pipeline=labeled_pipeline))),
    unlabeled=dict(
        batch_size=unlabeled_batch_size,
        num_workers=num_workers,
        persistent_workers=num_workers > 0,
        sampler=dict(type='ResumableInfiniteSampler'),
        dataset=dict(
            type='SemiSupPanopticDataset',
            role='unlabeled',
            images=[photos],  # more folders, or lists of files, may follow
            exclude=[split, val_split],
            weak=weak_view,
            strong=strong_view)))
val_dataloader = dict(
    batch_size=1,
    num_workers=num_workers,
    persistent_workers=num_workers > 0,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='SemiSupPanopticDataset',
        role='labeled',
        split=val_split,
        dataset=dict(**annotated, test_mode=True, pipeline=test_pipeline)))
test_dataloader = val_dataloader

val_evaluator = [
    dict(type='PanopticMetric', prefix='student'),
    dict(type='PanopticMetric', prefix='teacher', prediction='teacher')
]
test_evaluator = val_evaluator
