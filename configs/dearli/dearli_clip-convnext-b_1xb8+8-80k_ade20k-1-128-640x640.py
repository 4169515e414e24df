# DEARLi: recognition by CLIP, localization by the warm-up on SAM masks.
# ADE20K with 158 labelled images; the paper reports 29.9 PQ and 38.9 mIoU.
# Total batch 8 labelled + 8 unlabelled (1 GPU), 80 000 steps.
# On disk: what DEAR needs, and the warm-up's checkpoint (docs/warm-up.md).
_base_ = '../dear/dear_clip-convnext-b_1xb8+8-80k_ade20k-1-128-640x640.py'

warmup = 'work_dirs/sam-warmup_clip-convnext-b_ade20k/iter_160000.pth'
custom_hooks = [
    dict(type='SAMWarmupHook', checkpoint=warmup, required=True),
    *_base_.custom_hooks
]
