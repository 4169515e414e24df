# The warm-up on CamVid: masks of all 367 training images, no labels.
# 1 process, batch 8, 1000 steps. Needs the masks of tools/sam_masks.py.
_base_ = ('../../../configs/sam_warmup/'
          'sam-warmup_tiny-clip_1xb8-1000_photo-composites-128x128.py')

# ---------------------------------------------------------------- to change
data_root = 'data/camvid/'
masks = 'data/camvid_masks/train/'
num_workers = 0  # a loader; for one core

loader = dict(num_workers=num_workers, persistent_workers=num_workers > 0)
train_dataloader = dict(
    **loader,
    dataset=dict(
        data_prefix=dict(img=data_root + 'train/images/', masks=masks)))
# It trains to the end; there is no panoptic ground truth to measure it on.
train_cfg = dict(val_before_train=False, val_interval=1000000)
val_cfg = None
val_dataloader = None
val_evaluator = None
test_cfg = None
test_dataloader = None
test_evaluator = None
default_hooks = dict(checkpoint=dict(save_best=None, max_keep_ckpts=1))
