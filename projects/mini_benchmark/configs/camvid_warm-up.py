# The warm-up on CamVid: masks of all 367 training images, no labels.
# 1 process, batch 8, 1000 steps. Needs the masks of tools/sam_masks.py.
_base_ = ('../../../configs/sam_warmup/'
          'sam-warmup_tiny-clip_1xb8-1000_photo-composites-128x128.py')

train_dataloader = dict(
    num_workers=0,  # for one core
    persistent_workers=False,
    dataset=dict(
        data_prefix=dict(
            img='data/camvid/train/images/',
            masks='data/camvid_masks/train/')))
# It trains to the end; there is no panoptic ground truth to measure it on.
train_cfg = dict(val_before_train=False, val_interval=1000000)
val_cfg = None
val_dataloader = None
val_evaluator = None
test_cfg = None
test_dataloader = None
test_evaluator = None
default_hooks = dict(checkpoint=dict(save_best=None, max_keep_ckpts=1))
