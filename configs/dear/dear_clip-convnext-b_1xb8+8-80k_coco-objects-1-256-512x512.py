# DEAR: recognition by CLIP, no warm-up. COCO-Objects, 463 labelled images.
# Total batch 8 labelled + 8 unlabelled (1 GPU), 80 000 steps.
# On disk: data/coco (docs/data.md) and the CLIP weights
# named in _base_/models/dearli_clip-convnext-b.py (docs/install.md).
_base_ = [
    '../_base_/models/dearli_clip-convnext-b.py',
    '../_base_/datasets/coco_objects_1-256.py',
    '../_base_/schedules/adamw_poly_80k.py', '../_base_/default_runtime.py'
]

model = dict(detector=_base_.vocabulary)
