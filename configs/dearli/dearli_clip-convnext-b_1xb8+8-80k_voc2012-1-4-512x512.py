# DEARLi: recognition by CLIP, localization by the warm-up on SAM masks.
# VOC 2012, 366 labelled images.
# Total batch 8 labelled + 8 unlabelled (1 GPU), 80 000 steps.
# On disk: what DEAR needs, and the warm-up's checkpoint (docs/warm-up.md).
_base_ = [
    '../_base_/models/dearli_clip-convnext-b.py',
    '../_base_/datasets/voc2012_panoptic_1-4.py',
    '../_base_/schedules/adamw_poly_80k.py',
    '../_base_/warmed-up_runtime_clip-convnext-b_voc2012.py'
]

model = dict(detector=_base_.vocabulary)
