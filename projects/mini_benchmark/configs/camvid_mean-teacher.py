# CamVid, 12 of 367 images labelled, on the trunk of the mini benchmark: the
# mean teacher. Its CLIP knows no streets: its opinion is left out.
_base_ = [
    '../../../configs/mmseg/'
    'dearli_tiny-clip_1xb4+4-1500_camvid-12-128x128.py', './files.py'
]
custom_imports = dict(
    imports=['dearli_mm', 'mini_benchmark'], allow_failed_imports=False)

# ------------------------------------------------------------ edit, or inherit
crop, side = 192, 288  # training, test; the images have 360 x 480 pixels
scales = [k / 10 for k in range(10, 26)]  # short side in training, in crops

model = dict(
    detector=dict(
        backbone=dict(  # as mean-teacher.py
            model_name='dearli_mini',
            pretrained='data/mini_benchmark/clip/dearli_mini.safetensors',
            out_indices=(1, 2, 3)),
        panoptic_head=dict(
            in_channels=[40, 112, 320],
            num_transformer_feat_level=2,
            pixel_decoder=dict(
                strides=[8, 16, 32],
                num_outs=2,
                encoder=dict(
                    layer_cfg=dict(self_attn_cfg=dict(num_levels=2)))))))

loader = dict(num_workers=0, persistent_workers=False)  # for one core
annotation = dict(
    type='LoadSemanticSegments',
    num_classes=_base_.num_classes,
    void_labels=[_base_.void_label])
train_dataloader = dict(
    labeled=dict(
        **loader,
        dataset=dict(
            dataset=dict(pipeline=[
                dict(
                    type='LabeledView',
                    size=crop,
                    scales=scales,
                    annotation=annotation)
            ]))),
    unlabeled=dict(
        **loader,
        dataset=dict(weak=[
            dict(type='LoadAnyImage'),
            dict(type='RandomScaleCropFlip', size=crop, scales=scales)
        ])))
val_dataloader = dict(
    **loader,
    dataset=dict(pipeline=[
        dict(type='LoadAnyImage'),
        dict(type='AntialiasResize', scale=(4 * side, side), keep_ratio=True),
        annotation,
        dict(type='PackDetInputs')
    ]))
test_dataloader = val_dataloader
train_cfg = dict(val_before_train=False)

# A child could change these names, but nothing by them.
del crop, side, scales, loader, annotation
