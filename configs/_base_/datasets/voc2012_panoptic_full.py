# 1 464 labelled images, full.
_base_ = './voc2012_panoptic.py'

part = dict(
    dataset=dict(split='data/VOCdevkit/VOC2012/splits/1464/labeled.txt'))
train_dataloader = dict(labeled=part, unlabeled=part)
del part
