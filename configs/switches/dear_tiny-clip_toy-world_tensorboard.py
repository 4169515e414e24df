# The quickstart, with curves and pictures in TensorBoard as well.
# `pip install tensorboard`, then `tensorboard --logdir work_dirs`.
_base_ = '../quickstart/dear_tiny-clip_toy-world.py'

visualizer = dict(vis_backends=[
    dict(type='LocalVisBackend'),
    dict(type='TensorboardVisBackend')
])
