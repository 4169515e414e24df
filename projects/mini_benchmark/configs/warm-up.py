# The warm-up: masks of all 800 training scenes, no labels.
# 1 process, batch 8. Needs the masks of tools/sam_masks.py.
_base_ = ('../../../configs/sam_warmup/'
          'sam-warmup_tiny-clip_1xb8-1000_photo-composites-128x128.py')
custom_imports = dict(
    imports=['dearli_mm', 'mini_benchmark'], allow_failed_imports=False)

# ---------------------------------------------------------------- to change
data_root = 'data/mini_benchmark/'
masks = 'data/mini_benchmark_masks/train/'
clip_weights = 'data/mini_benchmark/clip/dearli_mini.safetensors'
num_workers = 0  # a loader; for one core
max_iters = 1000
scales = [k / 10 for k in range(10, 21)]  # short side in training, in crops
test_size = 192  # short side at test

model = dict(
    backbone=dict(model_name='dearli_mini', pretrained=clip_weights),
    panoptic_head=dict(in_channels=[32, 64, 128, 192]))
loader = dict(num_workers=num_workers, persistent_workers=num_workers > 0)
train_pipeline = _base_.train_pipeline
train_pipeline[2].scales = scales
test_pipeline = _base_.test_pipeline
test_pipeline[1].scale = (4 * test_size, test_size)
train_dataloader = dict(
    **loader,
    dataset=dict(
        data_prefix=dict(img=data_root + 'train/images/', masks=masks),
        pipeline=train_pipeline))
val_dataloader = dict(
    **loader, dataset=dict(data_root=data_root, pipeline=test_pipeline))
test_dataloader = val_dataloader
train_cfg = dict(
    max_iters=max_iters, val_interval=max_iters, val_before_train=False)
param_scheduler = [
    dict(
        type='PolyLR',
        eta_min=0,
        power=0.9,
        begin=0,
        end=max_iters,
        by_epoch=False)
]
default_hooks = dict(
    checkpoint=dict(interval=max_iters // 2, max_keep_ckpts=1))
