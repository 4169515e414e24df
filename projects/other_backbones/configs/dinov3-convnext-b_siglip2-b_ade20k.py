# The trunk of the base, and SigLIP 2 ViT-B/16 for the zero-shot opinion and
# the names of the classes. Its tokenizer needs `pip install transformers` and
# its files. What it is worth has not been measured.
_base_ = './dinov3-convnext-b_zero-shot_ade20k.py'

recogniser = dict(
    model_name='ViT-B-16-SigLIP2-256',
    pretrained='weights/vit_b_16_siglip2_256.safetensors')
model = dict(
    detector=dict(
        zero_shot_clip=dict(_delete_=True, type='OpenCLIPBackbone',
                            **recogniser),
        panoptic_head=dict(text_classifier=recogniser)))

del recogniser  # a child could change it, but nothing by it
