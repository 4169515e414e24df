# The warm-up on Pascal VOC 2012, as that of the paper on COCO: all 10 582
# training images, no labels.
# Total batch 16 (1 GPU; 2 x 8 with batch_size = 8), 160 000 steps.
# On disk: what the dataset's config names, the CLIP weights, and the masks of
# tools/sam_masks.py (docs/warm-up.md). JPEGImages holds validation, too: give
# that tool ../_base_/datasets/voc2012_panoptic.py --dataset train_set.
_base_ = [
    '../_base_/models/sam-warmup_clip-convnext-b.py',
    '../_base_/datasets/voc2012_panoptic.py',
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
        data_root='data/VOCdevkit/VOC2012/',
        data_prefix=dict(
            img='JPEGImages/',
            masks='sam_masks/trainaug/'),  # tools/sam_masks.py writes it
        # There are no more queries to match masks with.
        pipeline=[dict(type='WarmUpView', size=512, max_masks=200)]))
val_evaluator = [dict(type='ClassAgnosticRecall')]  # of things and stuff
test_evaluator = val_evaluator
