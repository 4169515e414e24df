# The warm-up: masks of all photos, no labels. 1 process, batch 8, 1000 steps.
# Needs the masks of tools/sam_masks.py.
_base_ = [
    '../../../configs/_base_/models/sam-warmup_tiny-clip.py', './my_photos.py',
    '../../../configs/_base_/schedules/sam_warmup_160k.py',
    '../../../configs/_base_/sam_warmup_runtime.py'
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
            img='data/my_photos/', masks='data/my_photos_masks/'),
        # There are no more queries to match masks with.
        pipeline=[dict(type='WarmUpView', size=128, max_masks=24)]))
val_evaluator = [dict(type='ClassAgnosticRecall')]  # of things and stuff
test_evaluator = val_evaluator

train_cfg = dict(max_iters=1000, val_interval=500)
optim_wrapper = dict(optimizer=dict(lr=1e-3), clip_grad=dict(max_norm=1.0))
param_scheduler = [dict(type='PolyLR', eta_min=0, power=0.9, begin=0,
                        end=1000, by_epoch=False)]
default_hooks = dict(checkpoint=dict(interval=500))
