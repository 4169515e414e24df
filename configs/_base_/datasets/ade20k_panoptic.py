# ADE20K panoptic: 100 things, 50 stuff, 20 210 + 2 000 images.
# tools/dataset_converters/ade20k_panoptic.py makes the files.

# ------------------------------------------------------------ edit, or inherit
# A child changes a value where it is used: docs/data.md ("Other values") has
# the lines.
root = 'data/ADEChallengeData2016/'
split = root + 'splits/1_128/labeled.txt'
crop = 640  # side of the training crop, and short side at test

# ----------------------------------------------------------------- the classes
# mmdet's names, commas between synonyms; in its order, things first. A file of
# synonyms (`index:name,name` a line, same order) can be given by its path.
class_prompts = [
    'bed', 'window', 'cabinet', 'person', 'door', 'table', 'curtain', 'chair',
    'car', 'painting, picture', 'sofa', 'shelf', 'mirror', 'armchair', 'seat',
    'fence', 'desk', 'wardrobe, closet, press', 'lamp', 'tub', 'rail',
    'cushion', 'box', 'column, pillar', 'signboard, sign',
    'chest of drawers, chest, bureau, dresser', 'counter', 'sink', 'fireplace',
    'refrigerator, icebox', 'stairs', 'case, display case, showcase, vitrine',
    'pool table, billiard table, snooker table', 'pillow',
    'screen door, screen', 'bookcase', 'coffee table',
    'toilet, can, commode, crapper, pot, potty, stool, throne', 'flower',
    'book', 'bench', 'countertop', 'stove', 'palm, palm tree',
    'kitchen island', 'computer', 'swivel chair', 'boat', 'arcade machine',
    'bus', 'towel', 'light', 'truck', 'chandelier',
    'awning, sunshade, sunblind', 'street lamp', 'booth', 'tv', 'airplane',
    'clothes', 'pole', 'bannister, banister, balustrade, balusters, handrail',
    'ottoman, pouf, pouffe, puff, hassock', 'bottle', 'van', 'ship',
    'fountain', 'washer, automatic washer, washing machine', 'plaything, toy',
    'stool', 'barrel, cask', 'basket, handbasket', 'bag',
    'minibike, motorbike', 'oven', 'ball', 'food, solid food', 'step, stair',
    'trade name', 'microwave', 'pot', 'animal', 'bicycle', 'dishwasher',
    'screen', 'sculpture', 'hood, exhaust hood', 'sconce', 'vase',
    'traffic light', 'tray', 'trash can', 'fan', 'plate', 'monitor',
    'bulletin board', 'radiator', 'glass, drinking glass', 'clock', 'flag',
    'wall', 'building', 'sky', 'floor', 'tree', 'ceiling', 'road, route',
    'grass', 'sidewalk, pavement', 'earth, ground', 'mountain, mount', 'plant',
    'water', 'house', 'sea', 'rug', 'field', 'rock, stone',
    'base, pedestal, stand', 'sand', 'skyscraper', 'grandstand, covered stand',
    'path', 'runway', 'stairway, staircase', 'river', 'bridge, span',
    'blind, screen', 'hill', 'bar', 'hovel, hut, hutch, shack, shanty',
    'tower', 'dirt track', 'land, ground, soil',
    'escalator, moving staircase, moving stairway',
    'buffet, counter, sideboard',
    'poster, posting, placard, notice, bill, card', 'stage',
    'conveyer belt, conveyor belt, conveyer, conveyor, transporter', 'canopy',
    'pool', 'falls', 'tent', 'cradle', 'tank, storage tank', 'lake',
    'blanket, cover', 'pier', 'crt screen', 'shower'
]
num_classes = dict(num_things_classes=100, num_stuff_classes=50)
# What a network is told of them: `model = dict(detector=_base_.vocabulary)`.
vocabulary = dict(
    panoptic_head=dict(
        text_classifier=dict(classes=class_prompts), **num_classes),
    panoptic_fusion_head=num_classes)

# ----------------------------------------------------------------- the loaders
annotated = dict(
    type='ADE20K150PanopticDataset',
    data_root=root,
    ann_file='ade20k_panoptic_train.json',
    data_prefix=dict(img='images/training/', seg='ade20k_panoptic_train/'))
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
        type='ADE20K150PanopticDataset',
        data_root=root,
        ann_file='ade20k_panoptic_val.json',
        data_prefix=dict(img='images/validation/', seg='ade20k_panoptic_val/'),
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

# Ground truth of mIoU: the semantic files, which label more pixels.
semantic = root + 'ade20k_semantic_val/'
val_evaluator = [
    dict(type='PanopticMetric', prefix='student', semantic_prefix=semantic),
    dict(
        type='PanopticMetric',
        prefix='teacher',
        prediction='teacher',
        semantic_prefix=semantic)
]
test_evaluator = val_evaluator

# A child could change these names, but nothing by them.
del root, split, crop, annotated, train_loader, semantic
