# CamVid: the labelled images alone.
_base_ = './camvid_mean-teacher.py'

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
    val_interval=_base_.train_cfg.val_interval,
    val_before_train=False)

val_evaluator = dict(_delete_=True, type='PanopticMetric', prefix='student')
test_evaluator = val_evaluator
custom_hooks = []
