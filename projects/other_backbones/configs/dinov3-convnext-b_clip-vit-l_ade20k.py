# The trunk of the base, and OpenAI's CLIP ViT-L/14 for the zero-shot opinion
# and the names of the classes. What it is worth has not been measured.
_base_ = './dinov3-convnext-b_zero-shot_ade20k.py'

recogniser = dict(
    model_name='ViT-L-14-quickgelu',
    pretrained='weights/clip_vit_l_14_openai.safetensors')
model = dict(
    detector=dict(
        zero_shot_clip=dict(_delete_=True, type='OpenCLIPBackbone',
                            **recogniser),
        panoptic_head=dict(text_classifier=recogniser)))

del recogniser  # a child could change it, but nothing by it
