# The CLIP head on a network of timm, which is trained with it.
# 1 process, batch 4 + 4, 1500 steps. Needs data/photo_composites.
_base_ = '../../../configs/dearli/dearli_tiny-clip_1xb4+4-1500_photo-composites-16-128x128.py'  # noqa: E501

# ---------------------------------------------------------------- to change
weights = None  # path of ImageNet weights; None trains from scratch

# ------------------------------------------------- the five lines that change
model = _base_.model
model.detector.backbone = dict(
    _delete_=True, type='TimmFeatures', model_name='mobilenetv4_conv_small',
    norm_eval=weights is not None, pretrained=weights)
model.detector.panoptic_head.in_channels = [32, 64, 96, 960]
model.detector.panoptic_head.text_classifier.update(
    model_name='dearli_tiny', pretrained=_base_.clip_weights)
model.data_preprocessor.data_preprocessor.update(  # ImageNet's, RGB
    mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375])
optim_wrapper = dict(
    paramwise_cfg=dict(custom_keys=dict(backbone=dict(lr_mult=0.1))))

# The warm-up that the base config takes, if there is one, has the decoder of
# another backbone.
custom_hooks = _base_.custom_hooks[1:]

del weights  # changing it in a child would change nothing
