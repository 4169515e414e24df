# The same network on the large CLIP: ConvNeXt-L.
_base_ = './dearli_clip-convnext-b.py'

model = dict(
    detector=dict(
        backbone=dict(
            model_name='convnext_large_d_320',
            pretrained='weights/convnext_large_d_320_'
            'laion2b_s29b_b131k_ft_soup.safetensors'),
        panoptic_head=dict(in_channels=[192, 384, 768, 1536])))
