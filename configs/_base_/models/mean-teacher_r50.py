# Student and teacher on a trainable ResNet-50; no zero-shot branch.
# Classes are still CLIP's text embeddings: then nothing but the backbone
# differs from the other configs, and no weight depends on the classes, as it
# would with a linear layer. The text tower is dropped once they are computed;
# with a backbone that is no CLIP, the network sees no more of CLIP than that.
_base_ = './dearli_clip-convnext-b.py'

model = dict(
    data_preprocessor=dict(
        data_preprocessor=dict(
            mean=[123.675, 116.28, 103.53],  # ImageNet's, RGB
            std=[58.395, 57.12, 57.375])),
    detector=dict(
        backbone=dict(
            _delete_=True,
            type='ResNet',
            depth=50,
            out_indices=(0, 1, 2, 3),
            norm_cfg=dict(type='BN', requires_grad=False),
            norm_eval=True,
            style='pytorch',
            init_cfg=dict(
                type='Pretrained',  # ImageNet, torchvision's V1
                checkpoint='weights/resnet50-0676ba61.pth')),
        panoptic_head=dict(
            in_channels=[256, 512, 1024, 2048],
            text_classifier=dict(
                model_name='convnext_base_w_320',
                pretrained=_base_.model.detector.backbone.pretrained)),
        test_cfg=dict(alpha=0.0)),
    semi_train_cfg=dict(pseudo_label=dict(alpha=0.0)))
