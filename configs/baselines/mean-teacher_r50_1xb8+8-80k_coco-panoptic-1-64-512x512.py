# Mean teacher on a trainable ResNet-50. COCO panoptic, 1 849 labelled images.
_base_ = [
    '../_base_/models/mean-teacher_r50.py',
    '../_base_/datasets/coco_panoptic_1-64.py',
    '../_base_/schedules/adamw_poly_80k_backbone-x0.1.py',
    '../_base_/default_runtime.py'
]

model = dict(detector=_base_.vocabulary)
