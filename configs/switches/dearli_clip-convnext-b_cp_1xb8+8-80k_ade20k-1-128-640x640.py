# Gradient checkpointing: the layers of pixel decoder and mask decoder keep
# only their inputs and run once more in the backward pass.
_base_ = '../dearli/dearli_clip-convnext-b_1xb8+8-80k_ade20k-1-128-640x640.py'

model = dict(detector=dict(panoptic_head=dict(with_cp=True)))
