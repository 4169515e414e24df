# The warm-up: masks of all 800 training scenes, no labels.
# 1 process, batch 8. Needs the masks of tools/sam_masks.py.
_base_ = ('../../../configs/sam_warmup/'
          'sam-warmup_tiny-clip_1xb8-1000_photo-composites-128x128.py')
custom_imports = dict(
    imports=['dearli_mm', 'mini_benchmark'], allow_failed_imports=False)

model = dict(
    backbone=dict(
        model_name='dearli_mini',
        pretrained='data/mini_benchmark/clip/dearli_mini.safetensors'),
    panoptic_head=dict(in_channels=[32, 64, 128, 192]))
loader = dict(num_workers=0, persistent_workers=False)  # for one core
train_dataloader = dict(
    **loader,
    dataset=dict(
        data_prefix=dict(
            img='data/mini_benchmark/train/images/',
            masks='data/mini_benchmark_masks/train/'),
        pipeline=[
            dict(
                type='WarmUpView',
                size=128,
                max_masks=24,
                scales=[k / 10 for k in range(10, 21)])  # as mean-teacher.py
        ]))
val_dataloader = dict(
    **loader,
    dataset=dict(
        data_root='data/mini_benchmark/',
        pipeline=[
            dict(type='LoadAnyImage'),
            dict(type='TestView', size=192)
        ]))
test_dataloader = val_dataloader
tta_pipeline = [
    dict(type='LoadAnyImage'),
    dict(type='TestTimeViews', size=192)
]
train_cfg = dict(
    max_iters=1000, val_interval=1000, val_before_train=False)
param_scheduler = [
    dict(
        type='PolyLR',
        eta_min=0,
        power=0.9,
        begin=0,
        end=1000,
        by_epoch=False)
]
default_hooks = dict(
    checkpoint=dict(interval=500, max_keep_ckpts=1))

del loader
