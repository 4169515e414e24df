# The warm-up of the paper on COCO: all 118 287 training images, no labels.
# Total batch 16 (1 GPU; 2 x 8 with batch_size = 8), 160 000 steps.
# On disk: what the dataset's config names, the CLIP weights, and the masks of
# tools/sam_masks.py (docs/warm-up.md).
_base_ = [
    '../_base_/models/sam-warmup_clip-convnext-b.py',
    '../_base_/datasets/coco_panoptic.py',
    '../_base_/schedules/sam_warmup_160k.py',
    '../_base_/sam_warmup_runtime.py'
]

# ---------------------------------------------------------------- to change
images = 'train2017/'
masks = 'sam_masks/train2017/'  # tools/sam_masks.py writes it
batch_size = 16  # a GPU
num_workers = 8
max_masks = 200  # an image; there are no more queries to match them with

# ------------------------------------------------------------------ the data
train_pipeline = [
    _base_.labeled_pipeline[0],  # loads the image
    dict(type='LoadSAMMasks'),
    dict(type='RandomScaleCropFlip', size=_base_.crop),
    dict(type='LimitMasks', max_masks=max_masks, keep='largest'),
    dict(type='SSDColorAugment'),
    dict(type='PackDetInputs')
]
train_dataloader = dict(
    _delete_=True,
    batch_size=batch_size,
    num_workers=num_workers,
    persistent_workers=num_workers > 0,
    sampler=dict(type='ResumableInfiniteSampler'),
    dataset=dict(
        type='SAMSegmentsDataset',
        data_root=_base_.data_root,
        data_prefix=dict(img=images, masks=masks),
        pipeline=train_pipeline))
val_evaluator = [dict(type='ClassAgnosticRecall')]  # of things and stuff
test_evaluator = val_evaluator
