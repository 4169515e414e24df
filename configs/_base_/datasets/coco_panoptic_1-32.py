# 3 697 labelled images, 1/32.
_base_ = './coco_panoptic.py'

part = dict(
    dataset=dict(split='data/coco/splits/1_32/labeled.txt'))
train_dataloader = dict(labeled=part, unlabeled=part)
del part
