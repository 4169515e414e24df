# 744 labelled images, 1/4.
_base_ = './cityscapes_panoptic.py'

part = dict(
    dataset=dict(split='data/cityscapes/splits/1_4/labeled.txt'))
train_dataloader = dict(labeled=part, unlabeled=part)
del part
