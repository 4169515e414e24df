# The mean teacher: labelled and pseudo-labelled scenes, no opinion of CLIP.
# All configs of this folder share this network, its data and its schedule.
# 1 process, batch 4 + 4. The README says what makes the files it needs.
_base_ = [
    '../../../configs/_base_/models/dearli_tiny-clip.py',
    '../../../configs/_base_/datasets/photo_composites.py',
    '../../../configs/_base_/schedules/adamw_poly_small.py',
    '../../../configs/_base_/default_runtime.py', './files.py'
]
custom_imports = dict(
    imports=['dearli_mm', 'mini_benchmark'], allow_failed_imports=False)

# ------------------------------------------------------------ edit, or inherit
root = 'data/mini_benchmark/'  # or data/photo_composites/
split = 'projects/mini_benchmark/configs/splits/12.txt'
clip_weights = 'data/mini_benchmark/clip/dearli_mini.safetensors'
crop, side = 192, 384  # training, test: of scenes that are twice as large
scales = [k / 10 for k in range(14, 27)]  # short side in training, in crops
# What CLIP reads; the names that it was trained and measured with.
class_prompts = [
    'bird', 'mammal, animal', 'fruit, vegetable', 'flower, blossom',
    'vehicle, car, plane, ship, truck', 'coin, piece of money', 'sky, clouds',
    'grass, lawn, meadow', 'foliage, leaves', 'rock, stone',
    'brick wall, bricks', 'wood, wooden boards'
]

# ------------------------------------------------------------------ network
model = dict(
    detector=dict(
        # Of the four stages the last three: strides of 4, 8 and 16 pixels of
        # a scene.
        backbone=dict(
            model_name='dearli_mini',
            pretrained=clip_weights,
            out_indices=(1, 2, 3)),
        panoptic_head=dict(
            in_channels=[40, 112, 320],
            num_transformer_feat_level=2,
            pixel_decoder=dict(
                strides=[8, 16, 32],
                num_outs=2,
                encoder=dict(
                    layer_cfg=dict(self_attn_cfg=dict(num_levels=2)))),
            num_things_classes=6,
            num_stuff_classes=6,
            text_classifier=dict(classes=class_prompts)),
        panoptic_fusion_head=dict(num_things_classes=6, num_stuff_classes=6),
        test_cfg=dict(alpha=0.0)),
    semi_train_cfg=dict(pseudo_label=dict(alpha=0.0)))

# --------------------------------------------------------------------- data
# The image tower knows photographs of 224 pixels and has a stride of 32: it
# names 69 % of the masks of scenes that are twice as large, 53 % as they are.
loader = dict(num_workers=0, persistent_workers=False)  # for one core
train_dataloader = dict(
    labeled=dict(
        **loader,
        dataset=dict(
            split=split,
            dataset=dict(
                data_root=root,
                pipeline=[
                    dict(type='LabeledView', size=crop, scales=scales)
                ]))),
    unlabeled=dict(
        **loader,
        dataset=dict(
            split=split,
            dataset=dict(data_root=root),
            weak=[
                dict(type='LoadAnyImage'),
                dict(type='RandomScaleCropFlip', size=crop, scales=scales)
            ])))
val_dataloader = dict(
    **loader,
    dataset=dict(
        data_root=root,
        pipeline=[
            dict(type='LoadAnyImage'),
            dict(type='TestView', size=side)
        ]))
test_dataloader = val_dataloader
tta_pipeline = [
    dict(type='LoadAnyImage'),
    dict(type='TestTimeViews', size=side)
]

# ----------------------------------------------------------------- schedule
train_cfg = dict(max_iters=1500, val_interval=750, val_before_train=False)
param_scheduler = [
    dict(
        type='PolyLR',
        eta_min=0,
        power=0.9,
        begin=0,
        end=1500,
        by_epoch=False)
]
# A short run wants a quicker teacher than 0.999, and one that waits: at first
# it finds nothing, and a student that learns so finds nothing for long.
custom_hooks = [
    dict(type='EMATeacherHook', decay=0.99, burn_in=500),
    dict(type='TeacherMonitorHook', patience=100)
]
default_hooks = dict(checkpoint=dict(interval=250, max_keep_ckpts=1))

# A child could change these names, but nothing by them.
del root, split, clip_weights, crop, side, scales, loader
