# The same with the zero-shot opinion of a frozen CLIP beside the backbone.
_base_ = './timm_photo-composites.py'

model = dict(
    semi_train_cfg=dict(pseudo_label=dict(alpha=0.4)),
    detector=dict(
    # The weight of its opinion; the tiny CLIP has never seen a photograph.
    test_cfg=dict(alpha=0.4),
    zero_shot_clip=dict(
        type='OpenCLIPBackbone',
        model_name='dearli_tiny',
        pretrained=_base_.clip_weights)))
