# Labelled images alone: no teacher. VOC 2012, 92 of them.
_base_ = [
    '../_base_/models/supervised_clip-convnext-b.py',
    '../_base_/datasets/voc2012_panoptic_1-16.py',
    '../_base_/schedules/supervised_80k.py', '../_base_/one_network_runtime.py'
]

model = _base_.vocabulary
train_dataloader = dict(_base_.train_dataloader.labeled, _delete_=True)
val_evaluator = _base_.val_evaluator[:1]  # one network
test_evaluator = val_evaluator
