# `mim train mmdet`: what the same network learns of the 12 labelled images
# alone, in as many steps: one network, no teacher.
_base_ = './dearli_tiny-clip_1xb4+4-1500_camvid-12-128x128.py'

model = _base_.model.detector
model.update(
    _delete_=True,
    data_preprocessor=_base_.model.data_preprocessor.data_preprocessor)
train_dataloader = _base_.train_dataloader.labeled
train_dataloader.update(_delete_=True)
train_cfg = dict(
    _delete_=True,
    type='ResumableTrainLoop',
    max_iters=_base_.train_cfg.max_iters,
    val_interval=_base_.train_cfg.val_interval)

val_evaluator = dict(_delete_=True, type='PanopticMetric', prefix='student')
test_evaluator = val_evaluator
custom_hooks = []
