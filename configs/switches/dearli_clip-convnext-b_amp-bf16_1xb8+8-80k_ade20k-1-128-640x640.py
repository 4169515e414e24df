# Mixed precision: bfloat16 autocast of student and teacher. Matching, losses,
# class logits, the zero-shot ensemble and all weights stay in float32.
_base_ = '../dearli/dearli_clip-convnext-b_1xb8+8-80k_ade20k-1-128-640x640.py'

optim_wrapper = dict(type='AmpOptimWrapper', dtype='bfloat16')
