# The warm-up of the real network, on a GPU: masks of all photos, no labels.
# Batch 16, crops of 640, 20 000 steps. Needs the masks of tools/sam_masks.py
# and the weights of CLIP.
_base_ = [
    '../../../configs/_base_/models/sam-warmup_clip-convnext-b.py',
    './my_photos.py', '../../../configs/_base_/schedules/sam_warmup_160k.py',
    '../../../configs/_base_/sam_warmup_runtime.py'
]

train_dataloader = dict(
    _delete_=True,
    batch_size=16,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='ResumableInfiniteSampler'),
    dataset=dict(
        type='SAMSegmentsDataset',
        data_prefix=dict(
            img='data/my_photos/', masks='data/my_photos_masks/'),
        # There are no more queries to match masks with.
        pipeline=[dict(type='WarmUpView', size=640, max_masks=200)]))
val_dataloader = dict(
    dataset=dict(
        dataset=dict(pipeline=[
            dict(type='LoadAnyImage'),
            dict(type='TestView', size=640)
        ])))
test_dataloader = val_dataloader
val_evaluator = [dict(type='ClassAgnosticRecall')]  # of things and stuff
test_evaluator = val_evaluator

train_cfg = dict(max_iters=20000, val_interval=5000)
param_scheduler = [dict(type='PolyLR', eta_min=0, power=0.9, begin=0,
                        end=20000, by_epoch=False)]
