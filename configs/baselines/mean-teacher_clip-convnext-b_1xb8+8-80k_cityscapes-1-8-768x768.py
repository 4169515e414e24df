# Mean teacher without zero-shot branch. Cityscapes, 372 labelled images.
_base_ = '../dear/dear_clip-convnext-b_1xb8+8-80k_cityscapes-1-8-768x768.py'  # noqa: E501

model = dict(
    detector=dict(test_cfg=dict(alpha=0.0)),
    semi_train_cfg=dict(pseudo_label=dict(alpha=0.0)))
