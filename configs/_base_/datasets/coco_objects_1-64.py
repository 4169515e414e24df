# 1 849 labelled images, 1/64.
_base_ = './coco_objects.py'

part = dict(
    dataset=dict(split='data/coco/splits/1_64/labeled.txt'))
train_dataloader = dict(labeled=part, unlabeled=part)
del part
