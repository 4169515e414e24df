# COCO-Objects: the 80 things of COCO, and background; 118 287 + 5 000 images.
# tools/dataset_converters/coco_objects.py makes the files.

# ---------------------------------------------------------------- to change
data_root = 'data/coco/'
split = data_root + 'splits/1_512/labeled.txt'
crop = 512  # side of the training crop, and short side at test
labeled_batch_size = 8  # a GPU
unlabeled_batch_size = 8  # a GPU
num_workers = 4  # a loader

# ----------------------------------------------------------------- the classes
# In mmdet's order, things first. A file of synonyms (`index:name,name` a line)
# can be given by its path; its line 0 is "background", to be moved to the end.
class_prompts = [
    'person', 'bicycle', 'car', 'motorcycle', 'airplane', 'bus', 'train',
    'truck', 'boat', 'traffic light', 'fire hydrant', 'stop sign',
    'parking meter', 'bench', 'bird', 'cat', 'dog', 'horse', 'sheep', 'cow',
    'elephant', 'bear', 'zebra', 'giraffe', 'backpack', 'umbrella', 'handbag',
    'tie', 'suitcase', 'frisbee', 'skis', 'snowboard', 'sports ball', 'kite',
    'baseball bat', 'baseball glove', 'skateboard', 'surfboard',
    'tennis racket', 'bottle', 'wine glass', 'cup', 'fork', 'knife', 'spoon',
    'bowl', 'banana', 'apple', 'sandwich', 'orange', 'broccoli', 'carrot',
    'hot dog', 'pizza', 'donut', 'cake', 'chair', 'couch', 'potted plant',
    'bed', 'dining table', 'toilet', 'tv', 'laptop', 'mouse', 'remote',
    'keyboard', 'cell phone', 'microwave', 'oven', 'toaster', 'sink',
    'refrigerator', 'book', 'clock', 'vase', 'scissors', 'teddy bear',
    'hair drier', 'toothbrush', 'background'
]
num_classes = dict(num_things_classes=80, num_stuff_classes=1)
# What a network is told of them: `model = dict(detector=_base_.vocabulary)`.
vocabulary = dict(
    panoptic_head=dict(
        text_classifier=dict(classes=class_prompts), **num_classes),
    panoptic_fusion_head=num_classes)

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
    type='COCOObjectsPanopticDataset',
    data_root=data_root,
    ann_file='annotations/panoptic_objects_train2017.json',
    data_prefix=dict(
        img='train2017/', seg='annotations/panoptic_objects_train2017/'),
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
        type='COCOObjectsPanopticDataset',
        data_root=data_root,
        ann_file='annotations/panoptic_objects_val2017.json',
        data_prefix=dict(
            img='val2017/', seg='annotations/panoptic_objects_val2017/'),
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = val_dataloader

val_evaluator = [
    dict(type='PanopticMetric', prefix='student'),
    dict(type='PanopticMetric', prefix='teacher', prediction='teacher')
]
test_evaluator = val_evaluator
