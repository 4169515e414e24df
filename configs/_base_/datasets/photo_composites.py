# Scenes composed of real photographs: 6 things, 6 kinds of ground, 800 + 150
# images of 192 x 192 in COCO panoptic format; 16 of the 800 are labelled.

# ------------------------------------------------------------ edit, or inherit
# A child changes a value where it is used: docs/data.md ("Other values") has
# the lines.
root = 'data/photo_composites/'
split = '{{ fileDirname }}/splits/photo_composites_16.txt'
crop = 128  # side of the training crop, and short side at test

# ----------------------------------------------------------------- the classes
thing_classes = ['bird', 'mammal', 'fruit', 'flower', 'vehicle', 'coin']
stuff_classes = ['sky', 'grass', 'foliage', 'rock', 'brick wall', 'wood']
class_prompts = [
    'bird', 'mammal, animal', 'fruit', 'flower', 'vehicle, car, plane, ship',
    'coin', 'sky, clouds', 'grass, lawn', 'foliage, leaves', 'rock, stone',
    'brick wall', 'wood, wooden boards'
]
metainfo = dict(
    classes=thing_classes + stuff_classes,
    thing_classes=thing_classes,
    stuff_classes=stuff_classes)

# ----------------------------------------------------------------- the loaders
annotated = dict(
    type='PanopticDataset',
    data_root=root,
    ann_file='train/panoptic.json',
    data_prefix=dict(img='train/images/', seg='train/panoptic/'),
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
        type='PanopticDataset',
        data_root=root,
        ann_file='val/panoptic.json',
        data_prefix=dict(img='val/images/', seg='val/panoptic/'),
        metainfo=metainfo,
        test_mode=True,
        pipeline=[
            dict(type='LoadAnyImage'),
            dict(type='TestView', size=crop)
        ]))
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
del root, split, crop, annotated, train_loader
