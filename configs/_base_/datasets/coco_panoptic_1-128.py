# 925 labelled images, 1/128.
_base_ = './coco_panoptic.py'

part = dict(
    dataset=dict(split='data/coco/splits/1_128/labeled.txt'))
train_dataloader = dict(labeled=part, unlabeled=part)
del part
