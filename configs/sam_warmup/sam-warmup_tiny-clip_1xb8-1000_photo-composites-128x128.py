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

train_dataloader = dict(
    _delete_=True,
    batch_size=8,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='ResumableInfiniteSampler'),
    dataset=dict(
        type='SAMSegmentsDataset',
        data_prefix=dict(
            img='data/photo_composites/train/images/',
            # tools/sam_masks.py writes it.
            masks='data/photo_composites_masks/train/'),
        # There are no more queries to match masks with.
        pipeline=[dict(type='WarmUpView', size=128, max_masks=24)]))
val_evaluator = [dict(type='ClassAgnosticRecall')]  # of things and stuff
test_evaluator = val_evaluator

# ------------------------------------------- a small network: larger steps
train_cfg = dict(max_iters=1000, val_interval=500, val_before_train=True)
optim_wrapper = dict(optimizer=dict(lr=1e-3), clip_grad=dict(max_norm=1.0))
param_scheduler = [
    dict(
        type='PolyLR',
        eta_min=0,
        power=0.9,
        begin=0,
        end=1000,
        by_epoch=False)
]
default_hooks = dict(checkpoint=dict(interval=500))
