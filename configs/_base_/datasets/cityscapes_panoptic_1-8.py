# 372 labelled images, 1/8.
_base_ = './cityscapes_panoptic.py'

part = dict(
    dataset=dict(split='data/cityscapes/splits/1_8/labeled.txt'))
train_dataloader = dict(labeled=part, unlabeled=part)
del part
