# The warm-up on CamVid: masks of all 367 training images, no labels.
# 1 process, batch 8, 1000 steps. Needs the masks of tools/sam_masks.py.
_base_ = './warm-up.py'

train_dataloader = dict(
    dataset=dict(
        data_prefix=dict(
            img='data/camvid/train/images/',
            masks='data/camvid_masks/train/'),
        pipeline=[
            dict(
                type='WarmUpView',
                size=192,
                max_masks=24,
                scales=[k / 10 for k in range(10, 26)])
        ]))
# It trains to the end; there is no panoptic ground truth to measure it on.
train_cfg = dict(val_before_train=False, val_interval=1000000)
val_cfg = None
val_dataloader = None
val_evaluator = None
test_cfg = None
test_dataloader = None
test_evaluator = None
default_hooks = dict(checkpoint=dict(save_best=None, max_keep_ckpts=1))
