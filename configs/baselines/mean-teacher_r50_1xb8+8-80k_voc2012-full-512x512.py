# Mean teacher on a trainable ResNet-50. VOC 2012, 1 464 labelled images.
_base_ = [
    '../_base_/models/mean-teacher_r50.py',
    '../_base_/datasets/voc2012_panoptic_full.py',
    '../_base_/schedules/adamw_poly_80k_backbone-x0.1.py',
    '../_base_/default_runtime.py'
]

model = dict(detector=_base_.vocabulary)
