# The procedural world which the quickstart draws: 8 things, 5 kinds of ground.
how_to_get = {  # what is missing in a folder, as preflight tells it
    'data/toy_world':
    'python tools/dataset_converters/make_toy_world.py data/toy_world'
}

# ------------------------------------------------------------ edit, or inherit
# A child changes a value where it is used: docs/data.md ("Other values") has
# the lines.
root = 'data/toy_world/'
split = root + 'splits/labeled_16.txt'
crop = 128  # side of the training crop, and short side at test

# ----------------------------------------------------------------- the classes
thing_classes = ['ball', 'star', 'leaf', 'ring', 'brick', 'flower', 'fish',
                 'mushroom']
stuff_classes = ['sand', 'water', 'grass', 'night sky', 'pavement']
class_prompts = [
    'ball, sphere', 'star, starfish', 'leaf, tree leaf', 'ring, donut',
    'brick, brick block', 'flower, blossom', 'fish, goldfish',
    'mushroom, toadstool', 'sand, beach', 'water, sea', 'grass, meadow',
    'night sky, starry sky', 'pavement, cobblestones'
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
