# 1 849 labelled images, 1/64.
_base_ = './coco_panoptic.py'

split = 'data/coco/splits/1_64/labeled.txt'
train_dataloader = dict(
    labeled=dict(dataset=dict(split=split)),
    unlabeled=dict(dataset=dict(split=split)))
