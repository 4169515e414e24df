# The quickstart, with curves and pictures in Weights & Biases as well.
# `pip install wandb`, then `wandb login`, or WANDB_MODE=offline.
_base_ = '../quickstart/dear_tiny-clip_toy-world.py'

visualizer = dict(vis_backends=[
    dict(type='LocalVisBackend'),
    dict(type='WandbVisBackend', init_kwargs=dict(project='dearli'))
])
