# The same in small, on the tiny CLIP of projects/toy_world.
_base_ = './dearli_tiny-clip.py'

detector = _base_.model.detector
model = dict(
    _delete_=True,
    type='CLIPMask2Former',
    data_preprocessor=_base_.model.data_preprocessor.data_preprocessor,
    backbone=detector.backbone,
    panoptic_head=dict(
        detector.panoptic_head,
        text_classifier=dict(
            type='CLIPTextClassifier', classes=['object'], templates='vild'),
        num_things_classes=1,
        num_stuff_classes=0,
        loss_weights=dict(cls=0.0, mask=5.0, dice=5.0)),  # matching as well
    panoptic_fusion_head=dict(
        type='MaskProposalFusionHead',
        num_things_classes=1,
        num_stuff_classes=0),
    train_cfg=detector.train_cfg,
    test_cfg=dict(alpha=0.0, max_per_img=100))  # no class, so no CLIP

# A child could change this name, but nothing by it.
del detector
