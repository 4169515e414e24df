# DEAR: recognition by CLIP, no warm-up. Cityscapes, 744 labelled images.
# Total batch 8 labelled + 8 unlabelled (1 GPU), 80 000 steps.
# On disk: data/cityscapes (docs/data.md) and the CLIP weights
# named in _base_/models/dearli_clip-convnext-b.py (docs/install.md).
_base_ = [
    '../_base_/models/dearli_clip-convnext-b.py',
    '../_base_/datasets/cityscapes_panoptic_1-4.py',
    '../_base_/schedules/adamw_poly_80k.py', '../_base_/default_runtime.py'
]

model = dict(detector=_base_.vocabulary)
