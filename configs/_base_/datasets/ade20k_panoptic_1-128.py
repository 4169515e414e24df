# 158 labelled images, 1/128.
_base_ = './ade20k_panoptic.py'

split = 'data/ADEChallengeData2016/splits/1_128/labeled.txt'
train_dataloader = dict(
    labeled=dict(dataset=dict(split=split)),
    unlabeled=dict(dataset=dict(split=split)))
