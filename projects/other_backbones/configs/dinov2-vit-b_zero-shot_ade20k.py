# The same with a frozen DINOv2 ViT-B as the trunk: one map of stride 16, of
# which a pyramid that is trained makes four. What it is worth has not been
# measured.
_base_ = './dinov3-convnext-b_zero-shot_ade20k.py'

model = dict(
    detector=dict(
        backbone=dict(
            type='TimmViT',
            model_name='vit_base_patch14_dinov2',
            pretrained='weights/vit_base_patch14_dinov2.safetensors'),
        neck=dict(type='SimpleFeaturePyramid', in_channels=768),
        panoptic_head=dict(in_channels=[256, 256, 256, 256])))
