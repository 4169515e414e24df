# `mim train mmsegmentation`: the CLIP head as a decode head, purely semantic,
# all 367 images labelled. 1 process, batch 4, 1500 steps. Needs data/camvid.
_base_ = [
    '../_base_/models/dearli_tiny-clip.py',
    '../_base_/datasets/camvid_mmseg.py', '../_base_/mmseg_runtime.py'
]
custom_imports = dict(
    imports=['dearli_mm', 'dearli_mm.mmseg', 'projects.toy_world'],
    allow_failed_imports=False)

# ------------------------------------------------------------------- network
decode_head = _base_.model.detector.panoptic_head
decode_head.pop('num_things_classes')
decode_head.pop('num_stuff_classes')
decode_head.update(
    type='CLIPMask2FormerDecodeHead',
    num_classes=_base_.num_classes,
    ignore_index=_base_.void_label,
    train_cfg=_base_.model.detector.train_cfg)
decode_head.text_classifier.update(
    classes=_base_.class_prompts,
    model_name=_base_.model.detector.backbone.model_name,
    pretrained=_base_.model.detector.backbone.pretrained)
backbone = _base_.model.detector.backbone
backbone.type = 'mmdet.OpenCLIPBackbone'

model = dict(
    _delete_=True,
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        mean=_base_.model.data_preprocessor.data_preprocessor.mean,
        std=_base_.model.data_preprocessor.data_preprocessor.std,
        bgr_to_rgb=True,
        size=(128, 128),  # of the crop
        test_cfg=dict(size_divisor=32)),
    backbone=backbone,
    decode_head=decode_head,
    train_cfg=dict(),
    test_cfg=dict(mode='whole'))

# ------------------------------------------------------------------ schedule
train_cfg = dict(type='IterBasedTrainLoop', max_iters=1500, val_interval=750)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='mmdet.GroupedOptimWrapperConstructor',
    optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.05),
    paramwise_cfg=dict(norm_decay_mult=0.0, embedding_decay_mult=0.0),
    clip_grad=dict(max_norm=1.0))
param_scheduler = [
    dict(
        type='PolyLR',
        eta_min=0,
        power=0.9,
        begin=0,
        end=1500,
        by_epoch=False)
]

# A child could change these names, but nothing by them.
del decode_head, backbone
