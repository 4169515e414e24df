# Hooks of the warm-up: no teacher, and proposals instead of pictures.
_base_ = './default_runtime.py'

default_hooks = dict(
    checkpoint=dict(save_best='recall/AR@100'),
    visualization=dict(draw=False))
custom_hooks = []
