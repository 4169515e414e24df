# The same with the zero-shot opinion of a frozen CLIP beside the backbone.
_base_ = './timm_toy-world.py'

model = dict(detector=dict(
    zero_shot_clip=dict(
        type='OpenCLIPBackbone',
        model_name='dearli_tiny',
        pretrained=_base_.clip_weights)))
