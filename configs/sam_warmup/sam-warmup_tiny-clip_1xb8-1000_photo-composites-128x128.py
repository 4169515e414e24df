# The warm-up in small, on real photographs: 800 scenes, no labels.
# 1 process, batch 8, 1000 steps. Needs data/photo_composites and its masks:
# tools/sam_masks.py data/photo_composites/train/images \
#     data/photo_composites_masks/train
_base_ = [
    '../_base_/models/sam-warmup_tiny-clip.py',
    '../_base_/datasets/photo_composites.py',
    '../_base_/schedules/sam_warmup_160k.py',
    '../_base_/sam_warmup_runtime.py'
]
custom_imports = dict(
    imports=['dearli_mm', 'projects.toy_world'], allow_failed_imports=False)

# ---------------------------------------------------------------- to change
images = _base_.data_root + 'train/images/'
masks = 'data/photo_composites_masks/train/'  # tools/sam_masks.py writes it
batch_size = 8
num_workers = 1
max_masks = 24  # an image; there are no more queries to match them with
max_iters = 1000

# ------------------------------------------------------------------ the data
train_pipeline = [
    _base_.labeled_pipeline[0],  # loads the image
    dict(type='LoadSAMMasks'),
    dict(type='RandomScaleCropFlip', size=_base_.crop),
    dict(type='LimitMasks', max_masks=max_masks, keep='largest'),
    dict(type='PhotoMetricDistortion'),
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
        data_prefix=dict(img=images, masks=masks),
        pipeline=train_pipeline))
val_evaluator = [dict(type='ClassAgnosticRecall')]  # of things and stuff
test_evaluator = val_evaluator

# ------------------------------------------- a small network: larger steps
train_cfg = dict(max_iters=max_iters, val_interval=500, val_before_train=True)
optim_wrapper = dict(optimizer=dict(lr=1e-3), clip_grad=dict(max_norm=1.0))
param_scheduler = [
    dict(
        type='PolyLR',
        eta_min=0,
        power=0.9,
        begin=0,
        end=max_iters,
        by_epoch=False)
]
default_hooks = dict(checkpoint=dict(interval=500))
