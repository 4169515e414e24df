# A frozen DINOv3 ConvNeXt-B as the trunk that student and teacher share, CLIP
# ConvNeXt-B for the zero-shot opinion and the names of the classes. ADE20K,
# 158 labelled images. What it is worth has not been measured.
_base_ = '../../../configs/dear/dear_clip-convnext-b_1xb8+8-80k_ade20k-1-128-640x640.py'  # noqa: E501

clip = _base_.model.detector.backbone
model = dict(
    data_preprocessor=dict(
        data_preprocessor=dict(  # as DINOv3 was trained: ImageNet's, RGB
            mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375])),
    detector=dict(
        backbone=dict(
            _delete_=True,
            type='TimmFeatures',
            model_name='convnext_base.dinov3_lvd1689m',
            pretrained='weights/convnext_base_dinov3_lvd1689m.safetensors',
            frozen=True),
        zero_shot_clip=clip,
        panoptic_head=dict(
            text_classifier=dict(
                model_name=clip.model_name, pretrained=clip.pretrained))))

# A child could change this name, but nothing by it.
del clip
