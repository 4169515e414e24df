# Pascal VOC 2012 panoptic: 20 things, and background; 10 582 images (those
# with labels of VOC or SBD) + 1 449.
# tools/dataset_converters/voc2012_panoptic.py makes the files.

# ------------------------------------------------------------ edit, or inherit
# A child changes a value where it is used: docs/data.md ("Other values") has
# the lines.
root = 'data/VOCdevkit/VOC2012/'
split = root + 'splits/92/labeled.txt'
crop = 512  # side of the training crop, and short side at test

# ----------------------------------------------------------------- the classes
# The archive's names, commas between synonyms; in its order, things first.
# A background's contents are named as well: the word alone looks like nothing.
class_prompts = [
    'aeroplane, airplane', 'bicycle', 'bird', 'boat, ship', 'bottle', 'bus',
    'car', 'cat', 'chair', 'cow', 'dining table', 'dog', 'horse',
    'motorbike, motorcycle', 'person', 'potted plant, houseplant', 'sheep',
    'sofa, couch', 'train', 'tv monitor, television, computer monitor',
    'background, wall, ceiling, floor, window, door, curtain, cabinet, '
    'shelf, bed, blanket, building, house, fence, street, road, sidewalk, '
    'ground, grass, field, tree, forest, bush, mountain, rock, sand, snow, '
    'sky, cloud, water, sea, river, platform, bridge, sign'
]
num_classes = dict(num_things_classes=20, num_stuff_classes=1)
# What a network is told of them: `model = dict(detector=_base_.vocabulary)`.
vocabulary = dict(
    panoptic_head=dict(
        text_classifier=dict(classes=class_prompts), **num_classes),
    panoptic_fusion_head=num_classes)

# ----------------------------------------------------------------- the loaders
annotated = dict(
    type='VOC2012PanopticDataset',
    data_root=root,
    ann_file='voc2012_panoptic_trainaug.json',
    data_prefix=dict(img='JPEGImages/', seg='voc2012_panoptic_trainaug/'))
train_loader = dict(
    batch_size=8,  # per GPU
    num_workers=4,
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
    num_workers=4,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='VOC2012PanopticDataset',
        data_root=root,
        ann_file='voc2012_panoptic_val.json',
        data_prefix=dict(img='JPEGImages/', seg='voc2012_panoptic_val/'),
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
