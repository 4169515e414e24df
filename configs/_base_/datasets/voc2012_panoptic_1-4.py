# 366 labelled images, 1/4.
_base_ = './voc2012_panoptic.py'

part = dict(
    dataset=dict(split='data/VOCdevkit/VOC2012/splits/366/labeled.txt'))
train_dataloader = dict(labeled=part, unlabeled=part)
del part
