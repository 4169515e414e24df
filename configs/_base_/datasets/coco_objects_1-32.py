# 3 697 labelled images, 1/32.
_base_ = './coco_objects.py'

split = 'data/coco/splits/1_32/labeled.txt'
train_dataloader = dict(
    labeled=dict(dataset=dict(split=split)),
    unlabeled=dict(dataset=dict(split=split)))
