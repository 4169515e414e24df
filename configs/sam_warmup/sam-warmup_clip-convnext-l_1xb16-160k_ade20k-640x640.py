# The warm-up of the large network on ADE20K: all 20 210 training images, no
# labels. Total batch 16 (1 GPU; 2 x 8 with batch_size = 8), 160 000 steps.
# On disk: what the base network's warm-up needs, with the large CLIP.
_base_ = './sam-warmup_clip-convnext-b_1xb16-160k_ade20k-640x640.py'

model = dict(
    backbone=dict(
        model_name='convnext_large_d_320',
        pretrained='weights/convnext_large_d_320_'
        'laion2b_s29b_b131k_ft_soup.safetensors'),
    panoptic_head=dict(in_channels=[192, 384, 768, 1536]))
