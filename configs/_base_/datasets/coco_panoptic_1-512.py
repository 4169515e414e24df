# 232 labelled images, 1/512.
_base_ = './coco_panoptic.py'

split = 'data/coco/splits/1_512/labeled.txt'
train_dataloader = dict(
    labeled=dict(dataset=dict(split=split)),
    unlabeled=dict(dataset=dict(split=split)))
