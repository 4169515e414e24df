# The procedural world which the quickstart draws: 8 things, 5 kinds of ground.
# tools/dataset_converters/make_toy_world.py data/toy_world

# ---------------------------------------------------------------- to change
data_root = 'data/toy_world/'
split = data_root + 'splits/labeled_16.txt'
crop = 128  # side of the training crop, and short side at test
labeled_batch_size = 4  # a GPU
unlabeled_batch_size = 4  # a GPU
num_workers = 1  # a loader

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
    stuff_classes=stuff_classes,
    palette=[(230, 60, 60), (250, 170, 30), (120, 200, 40), (200, 90, 220),
             (170, 80, 50), (255, 120, 180), (60, 200, 230), (240, 220, 120),
             (220, 200, 150), (50, 110, 200), (40, 130, 50), (50, 40, 100),
             (130, 130, 130)])

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
tta_pipeline = [  # of `--tta`: three scales, each also flipped
    dict(type='LoadAnyImage'),
    dict(
        type='TestTimeAug',
        transforms=[
            [
                dict(
                    type='AntialiasResize',
                    scale=(4 * side, side),
                    keep_ratio=True)
                for side in (crop, crop * 3 // 4, crop * 5 // 4)
            ],
            [
                dict(type='RandomFlip', prob=0.),  # first: the reference
                dict(type='RandomFlip', prob=1.)
            ],
            [
                dict(
                    type='PackDetInputs',
                    meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape',
                               'scale_factor', 'flip', 'flip_direction',
                               'seg_map_path', 'segments_info'))
            ]
        ])
]

# ----------------------------------------------------------------- the loaders
train_set = dict(
    type='CocoPanopticDataset',
    data_root=data_root,
    ann_file='train/panoptic.json',
    data_prefix=dict(img='train/images/', seg='train/panoptic/'),
    metainfo=metainfo,
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
        type='CocoPanopticDataset',
        data_root=data_root,
        ann_file='val/panoptic.json',
        data_prefix=dict(img='val/images/', seg='val/panoptic/'),
        metainfo=metainfo,
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = val_dataloader

val_evaluator = [
    dict(type='PanopticMetric', prefix='student'),
    dict(type='PanopticMetric', prefix='teacher', prediction='teacher')
]
test_evaluator = val_evaluator
