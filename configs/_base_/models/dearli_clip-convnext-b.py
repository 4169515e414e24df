# Student and teacher: Mask2Former on a frozen CLIP ConvNeXt-B.
# The numbers are the paper's; tests/test_configs holds them fast.

# ------------------------------------------------------------ edit, or inherit
clip_weights = 'weights/convnext_base_w_320_laion_aesthetic_s13b_b82k_augreg.safetensors'  # noqa: E501
num_things_classes = 100
num_stuff_classes = 50

# ------------------------------------------------------------------- network
width = 256  # of pixel decoder, mask decoder and mask features
num_levels = 3  # res3..res5 go through the pixel decoder's encoder

detector = dict(
    type='CLIPMask2Former',
    backbone=dict(
        type='OpenCLIPBackbone',
        model_name='convnext_base_w_320',
        pretrained=clip_weights,
        frozen=True),
    panoptic_head=dict(
        type='CLIPMask2FormerHead',
        text_classifier=dict(
            type='CLIPTextClassifier',
            classes=None,  # prompts of the dataset's classes, things first
            templates='vild'),
        in_channels=[128, 256, 512, 1024],
        feat_channels=width,
        out_channels=width,
        num_things_classes=num_things_classes,
        num_stuff_classes=num_stuff_classes,
        num_queries=200,
        num_transformer_feat_level=num_levels,
        pixel_decoder=dict(
            type='DeformablePixelDecoder',
            num_outs=num_levels,
            norm_cfg=dict(type='GN', num_groups=32),
            act_cfg=dict(type='ReLU'),
            encoder=dict(
                num_layers=6,
                layer_cfg=dict(
                    self_attn_cfg=dict(
                        embed_dims=width,
                        num_heads=8,
                        num_levels=num_levels,
                        num_points=4,
                        dropout=0.0,
                        batch_first=True),
                    ffn_cfg=dict(
                        embed_dims=width,
                        feedforward_channels=1024,
                        num_fcs=2,
                        ffn_drop=0.0,
                        act_cfg=dict(type='ReLU', inplace=True)))),
            positional_encoding=dict(num_feats=width // 2, normalize=True)),
        positional_encoding=dict(num_feats=width // 2, normalize=True),
        transformer_decoder=dict(
            return_intermediate=True,
            num_layers=9,
            layer_cfg=dict(
                self_attn_cfg=dict(
                    embed_dims=width,
                    num_heads=8,
                    dropout=0.0,
                    batch_first=True),
                cross_attn_cfg=dict(
                    embed_dims=width,
                    num_heads=8,
                    dropout=0.0,
                    batch_first=True),
                ffn_cfg=dict(
                    embed_dims=width,
                    feedforward_channels=2048,
                    num_fcs=2,
                    ffn_drop=0.0,
                    act_cfg=dict(type='ReLU', inplace=True))),
            init_cfg=None),
        loss_weights=dict(cls=2.0, mask=5.0, dice=5.0),  # matching as well
        void_weight=0.1),
    panoptic_fusion_head=dict(
        type='MaskClassificationFusionHead',
        num_things_classes=num_things_classes,
        num_stuff_classes=num_stuff_classes),
    train_cfg=dict(
        num_points=12544, oversample_ratio=3.0, importance_sample_ratio=0.75),
    test_cfg=dict(
        alpha=0.4,  # weight of CLIP's zero-shot opinion
        ensemble_on_valid_masks=False,
        score_thr=0.0,
        overlap_thr=0.8))

model = dict(
    type='DEARLi',
    data_preprocessor=dict(
        type='SemiSupDataPreprocessor',
        data_preprocessor=dict(
            type='DetDataPreprocessor',
            mean=[122.7709383, 116.7460125, 104.09373615],  # CLIP's, RGB
            std=[68.5005327, 66.6321579, 70.32316305],
            bgr_to_rgb=True,
            non_blocking=True,  # loaders pin their images
            pad_size_divisor=32,
            pad_mask=True,
            pad_seg=True)),
    detector=detector,
    semi_train_cfg=dict(
        labeled_weight=1.0,
        pseudo_weight=1.0,
        # How the teacher labels; test_cfg above is of evaluation alone.
        pseudo_label=dict(
            alpha=0.4,
            ensemble_on_valid_masks=False,
            score_thr=0.0,
            overlap_thr=0.8),
        cutmix=dict(
            prob=0.5,
            area=(0.02, 0.4),
            aspect=(0.3, 1 / 0.3),
            partner='batch')),
    semi_test_cfg=dict(predict_on='both'))  # validation tells of both

# A child could change these names, but nothing by them.
del clip_weights, num_things_classes, num_stuff_classes, width, num_levels
del detector
