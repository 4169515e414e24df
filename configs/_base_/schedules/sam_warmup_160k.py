# The paper's warm-up; optimiser, clip and poly as in training.
_base_ = './adamw_poly_80k.py'

train_cfg = dict(
    _delete_=True,
    type='ResumableTrainLoop',
    max_iters=160000,
    val_interval=20000)
param_scheduler = [
    dict(
        type='PolyLR',
        eta_min=0,
        power=0.9,
        begin=0,
        end=160000,
        by_epoch=False)
]
auto_scale_lr = dict(enable=False, base_batch_size=16)
