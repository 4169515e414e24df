# 463 labelled images, 1/256.
_base_ = './coco_objects.py'

part = dict(
    dataset=dict(split='data/coco/splits/1_256/labeled.txt'))
train_dataloader = dict(labeled=part, unlabeled=part)
del part
