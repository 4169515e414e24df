# CLIP names the masks of a warm-up: no training label, nothing to train.
# mim test mmdet THIS_FILE --checkpoint work_dirs/\
#     sam-warmup_clip-convnext-b_voc2012/iter_160000.pth
_base_ = [
    '../_base_/models/zero-shot_clip-convnext-b.py',
    '../_base_/datasets/voc2012_panoptic.py',
    '../_base_/test_only_runtime.py'
]

model = _base_.vocabulary
train_dataloader = None
val_evaluator = _base_.val_evaluator[:1]  # one network
test_evaluator = val_evaluator
