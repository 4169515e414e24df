# 2 526 labelled images, 1/8.
_base_ = './ade20k_panoptic.py'

split = 'data/ADEChallengeData2016/splits/1_8/labeled.txt'
train_dataloader = dict(
    labeled=dict(dataset=dict(split=split)),
    unlabeled=dict(dataset=dict(split=split)))
