# Class-agnostic masks of a warm-up, named by CLIP alone. The warm-up's class
# MLP is untrained: alpha 1 takes it out of the classes, void_on=False out of
# the choice of queries.
_base_ = './supervised_clip-convnext-b.py'

model = dict(test_cfg=dict(alpha=1.0, void_on=False))
