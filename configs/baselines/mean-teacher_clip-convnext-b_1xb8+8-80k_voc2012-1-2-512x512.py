# Mean teacher without zero-shot branch. VOC 2012, 732 labelled images.
_base_ = '../dear/dear_clip-convnext-b_1xb8+8-80k_voc2012-1-2-512x512.py'  # noqa: E501

model = dict(
    detector=dict(test_cfg=dict(alpha=0.0)),
    semi_train_cfg=dict(pseudo_label=dict(alpha=0.0)))
