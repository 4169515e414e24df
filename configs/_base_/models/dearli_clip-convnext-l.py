# The same network on the large CLIP: ConvNeXt-L.
_base_ = './dearli_clip-convnext-b.py'

# ---------------------------------------------------------------- to change
clip_weights = 'weights/convnext_large_d_320_laion2b_s29b_b131k_ft_soup.safetensors'  # noqa: E501

model = dict(
    detector=dict(
        backbone=dict(
            model_name='convnext_large_d_320', pretrained=clip_weights),
        panoptic_head=dict(in_channels=[192, 384, 768, 1536])))
