# One's own photos: some are annotated with labelme, all others are unlabelled.
# The README says how to make the files.

# ------------------------------------------------------------ edit, or inherit
# A child changes a value where it is used: docs/data.md ("Other values") has
# the lines.
photos = 'data/my_photos/'  # all photos; labelme's files may lie among them
panoptic = 'data/my_photos_panoptic/'  # what the converter and splits wrote
crop = 128  # side of the training crop, and short side at test

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

# ----------------------------------------------------------------- the loaders
annotated = dict(
    type='PanopticDataset',
    ann_file=panoptic + 'panoptic.json',
    data_prefix=dict(img=photos, seg=panoptic + 'panoptic/'),
    metainfo=metainfo)
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
                **annotated, pipeline=[dict(type='LabeledView', size=crop)]))),
    unlabeled=dict(
        **train_loader,
        dataset=dict(
            type='SemiSupPanopticDataset',
            role='unlabeled',
            images=[photos],  # more folders, or lists of files, may follow
            exclude=[split, val_split],
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
        type='SemiSupPanopticDataset',
        role='labeled',
        split=val_split,
        dataset=dict(
            **annotated,
            test_mode=True,
            pipeline=[
                dict(type='LoadAnyImage'),
                dict(type='TestView', size=crop)
            ])))
test_dataloader = val_dataloader
tta_pipeline = [  # of `--tta`
    dict(type='LoadAnyImage'),
    dict(type='TestTimeViews', size=crop)
]

val_evaluator = [
    dict(type='PanopticMetric', prefix='student'),
    dict(type='PanopticMetric', prefix='teacher', prediction='teacher')
]
test_evaluator = val_evaluator

# A child could change these names, but nothing by them.
del photos, panoptic, crop, split, val_split, annotated, train_loader
