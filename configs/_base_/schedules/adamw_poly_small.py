# The schedule of small networks on small images: 1500 larger steps.
_base_ = './adamw_poly_80k.py'

train_cfg = dict(max_iters=1500, val_interval=750, val_before_train=True)
optim_wrapper = dict(optimizer=dict(lr=1e-3), clip_grad=dict(max_norm=1.0))
param_scheduler = [
    dict(
        type='PolyLR',
        eta_min=0,
        power=0.9,
        begin=0,
        end=1500,
        by_epoch=False)
]
auto_scale_lr = dict(enable=False, base_batch_size=4)
