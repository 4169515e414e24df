# The warm-up: masks of all 800 training scenes, no labels.
# 1 process, batch 8. Needs the masks of tools/sam_masks.py.
_base_ = [
    '../../../configs/sam_warmup/'
    'sam-warmup_tiny-clip_1xb8-1000_photo-composites-128x128.py', './files.py'
]
custom_imports = dict(
    imports=['dearli_mm', 'mini_benchmark'], allow_failed_imports=False)

model = dict(
    backbone=dict(
        model_name='dearli_mini',
        pretrained='data/mini_benchmark/clip/dearli_mini.safetensors',
        out_indices=(1, 2, 3)),
    panoptic_head=dict(  # as mean-teacher.py
        in_channels=[40, 112, 320],
        num_transformer_feat_level=2,
        pixel_decoder=dict(
            strides=[8, 16, 32],
            num_outs=2,
            encoder=dict(layer_cfg=dict(self_attn_cfg=dict(num_levels=2))))))
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
                size=192,
                max_masks=24,
                scales=[k / 10 for k in range(14, 27)])  # as mean-teacher.py
        ]))
val_dataloader = dict(
    **loader,
    dataset=dict(
        data_root='data/mini_benchmark/',
        pipeline=[
            dict(type='LoadAnyImage'),
            dict(type='TestView', size=384)
        ]))
test_dataloader = val_dataloader
tta_pipeline = [
    dict(type='LoadAnyImage'),
    dict(type='TestTimeViews', size=384)
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
