# The warm-up on Cityscapes, as that of the paper on ADE20K: all 2 975 training
# images, no labels.
# Total batch 16 (1 GPU; 2 x 8 with batch_size = 8), 160 000 steps.
# On disk: what the dataset's config names, the CLIP weights, and the masks of
# tools/sam_masks.py (docs/warm-up.md).
_base_ = [
    '../_base_/models/sam-warmup_clip-convnext-b.py',
    '../_base_/datasets/cityscapes_panoptic.py',
    '../_base_/schedules/sam_warmup_160k.py',
    '../_base_/sam_warmup_runtime.py'
]

train_dataloader = dict(
    _delete_=True,
    batch_size=16,  # per GPU
    num_workers=8,
    persistent_workers=True,
    sampler=dict(type='ResumableInfiniteSampler'),
    dataset=dict(
        type='SAMSegmentsDataset',
        data_root='data/cityscapes/',
        data_prefix=dict(
            img='leftImg8bit/train/',
            masks='sam_masks/train/'),  # tools/sam_masks.py writes it
        pipeline=[
            dict(  # size and scales of training
                _base_.train_dataloader.unlabeled.dataset.weak[1],
                type='WarmUpView',
                max_masks=200)  # as there are queries to match them with
        ]))
val_evaluator = [dict(type='ClassAgnosticRecall')]  # of things and stuff
test_evaluator = val_evaluator
