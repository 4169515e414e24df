# Cityscapes panoptic: 8 things, 11 stuff, 2 975 + 500 images of 1024 x 2048.
# tools/dataset_converters/cityscapes_panoptic.py makes the files.

# ------------------------------------------------------------ edit, or inherit
# A child changes a value where it is used: docs/data.md ("Other values") has
# the lines.
root = 'data/cityscapes/'
split = root + 'splits/1_30/labeled.txt'
crop = 768  # side of the training crop
side = 1024  # short side at test, which is that of the images
# Random short sides: 0.5, 0.6, ..., 2 times that of the images, in crops.
jitter = dict(
    scales=[side * tenths / 10 / crop for tenths in range(5, 21)],
    max_long=4 * side / crop)

# ----------------------------------------------------------------- the classes
# The benchmark's names, commas between synonyms; in its order, things first.
class_prompts = [
    'person, pedestrian', 'rider, cyclist, motorcyclist', 'car', 'truck',
    'bus', 'train, tram', 'motorcycle, scooter', 'bicycle', 'road, street',
    'sidewalk, pavement', 'building, house', 'wall', 'fence', 'pole, post',
    'traffic light', 'traffic sign, road sign', 'vegetation, tree, bush',
    'terrain, grass, lawn, soil', 'sky'
]
num_classes = dict(num_things_classes=8, num_stuff_classes=11)
# What a network is told of them: `model = dict(detector=_base_.vocabulary)`.
vocabulary = dict(
    panoptic_head=dict(
        text_classifier=dict(classes=class_prompts), **num_classes),
    panoptic_fusion_head=num_classes)

# ----------------------------------------------------------------- the loaders
annotated = dict(
    type='CityscapesPanopticDataset',
    data_root=root,
    ann_file='cityscapes_panoptic_train.json',
    data_prefix=dict(
        img='leftImg8bit/train/', seg='cityscapes_panoptic_train/'))
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
                **annotated,
                pipeline=[dict(type='LabeledView', size=crop, **jitter)]))),
    unlabeled=dict(
        **train_loader,
        dataset=dict(
            type='SemiSupPanopticDataset',
            role='unlabeled',
            split=split,
            dataset=annotated,
            weak=[  # the teacher's view
                dict(type='LoadAnyImage'),
                dict(type='RandomScaleCropFlip', size=crop, **jitter)
            ],
            strong=[dict(type='StrongPhotometricAugment')])))  # the student's
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='CityscapesPanopticDataset',
        data_root=root,
        ann_file='cityscapes_panoptic_val.json',
        data_prefix=dict(
            img='leftImg8bit/val/', seg='cityscapes_panoptic_val/'),
        test_mode=True,
        pipeline=[
            dict(type='LoadAnyImage'),
            dict(type='TestView', size=side)
        ]))
test_dataloader = val_dataloader
tta_pipeline = [  # of `--tta`
    dict(type='LoadAnyImage'),
    dict(type='TestTimeViews', size=side)
]

val_evaluator = [
    dict(type='PanopticMetric', prefix='student'),
    dict(type='PanopticMetric', prefix='teacher', prediction='teacher')
]
test_evaluator = val_evaluator

# A child could change these names, but nothing by them.
del root, split, crop, side, jitter, annotated, train_loader
