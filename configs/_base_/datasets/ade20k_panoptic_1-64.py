# 316 labelled images, 1/64.
_base_ = './ade20k_panoptic.py'

part = dict(
    dataset=dict(split='data/ADEChallengeData2016/splits/1_64/labeled.txt'))
train_dataloader = dict(labeled=part, unlabeled=part)
del part
