# With a trainable backbone: a tenth of the learning rate, as in Mask2Former.
_base_ = './adamw_poly_80k.py'

optim_wrapper = dict(
    paramwise_cfg=dict(custom_keys=dict(backbone=dict(lr_mult=0.1))))
