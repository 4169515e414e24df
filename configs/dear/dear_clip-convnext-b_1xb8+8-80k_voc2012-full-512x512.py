# DEAR: recognition by CLIP, no warm-up. VOC 2012, 1 464 labelled images.
# Total batch 8 labelled + 8 unlabelled (1 GPU), 80 000 steps.
# On disk: data/VOCdevkit/VOC2012 (docs/data.md) and the CLIP weights
# named in _base_/models/dearli_clip-convnext-b.py (docs/install.md).
_base_ = [
    '../_base_/models/dearli_clip-convnext-b.py',
    '../_base_/datasets/voc2012_panoptic_full.py',
    '../_base_/schedules/adamw_poly_80k.py', '../_base_/default_runtime.py'
]

model = dict(detector=_base_.vocabulary)
