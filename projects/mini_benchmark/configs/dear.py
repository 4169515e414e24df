# DEAR: the mean teacher, which CLIP's zero-shot opinion of the masks helps.
_base_ = './mean-teacher.py'

model = dict(
    detector=dict(test_cfg=dict(alpha=0.4)),
    semi_train_cfg=dict(pseudo_label=dict(alpha=0.4)))
