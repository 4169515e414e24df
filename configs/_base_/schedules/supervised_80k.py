# The same schedule for one network and one data loader.
_base_ = './adamw_poly_80k.py'

train_cfg = dict(
    _delete_=True,
    type='ResumableTrainLoop',
    max_iters=_base_.train_cfg.max_iters,
    val_interval=_base_.train_cfg.val_interval)
