"""The tiny CLIP of the reference arrays, as open_clip knows models."""
import json
from pathlib import Path

import open_clip
import timm
from timm.models import register_model
from timm.models.convnext import _create_convnext

NAME = 'dearli_golden'
CONFIG = dict(
    embed_dim=16,
    vision_cfg=dict(
        timm_model_name='convnext_micro_golden',
        timm_model_pretrained=False,
        timm_pool='',
        timm_proj='linear',
        image_size=64),
    text_cfg=dict(
        context_length=77, vocab_size=49408, width=16, heads=2, layers=2))


def convnext_micro_golden(pretrained=False, **kwargs):
    return _create_convnext(
        'convnext_micro_golden',
        pretrained=pretrained,
        depths=(1, 1, 2, 1),
        dims=(8, 16, 32, 64),
        conv_mlp=False,
        **kwargs)


def register_golden_clip(folder: Path) -> str:
    """Make the model known; returns its name."""
    if not timm.is_model('convnext_micro_golden'):
        register_model(convnext_micro_golden)
    (folder / f'{NAME}.json').write_text(json.dumps(CONFIG))
    open_clip.add_model_config(folder)
    return NAME


def golden_detector(classes, num_things, num_stuff, weights=None, **test_cfg):
    """Config of the tiny network of the reference arrays."""
    attention = dict(
        embed_dims=32, num_heads=4, dropout=0.0, batch_first=True)
    return dict(
        type='CLIPMask2Former',
        backbone=dict(
            type='OpenCLIPBackbone', model_name=NAME, pretrained=weights),
        panoptic_head=dict(
            type='CLIPMask2FormerHead',
            text_classifier=dict(
                type='CLIPTextClassifier', classes=classes, cache_dir=None),
            in_channels=[8, 16, 32, 64],
            feat_channels=32,
            out_channels=32,
            num_things_classes=num_things,
            num_stuff_classes=num_stuff,
            num_queries=10,
            pixel_decoder=pixel_decoder(1024),
            positional_encoding=dict(num_feats=16, normalize=True),
            transformer_decoder=dict(
                num_layers=3,
                layer_cfg=dict(
                    self_attn_cfg=attention,
                    cross_attn_cfg=attention,
                    ffn_cfg=dict(embed_dims=32, feedforward_channels=64)))),
        panoptic_fusion_head=dict(
            type='MaskClassificationFusionHead',
            num_things_classes=num_things,
            num_stuff_classes=num_stuff),
        train_cfg=dict(num_points=64),
        test_cfg=test_cfg)


def pixel_decoder(feedforward_channels):
    return dict(
        type='DeformablePixelDecoder',
        num_outs=3,
        norm_cfg=dict(type='GN', num_groups=32),
        act_cfg=dict(type='ReLU'),
        encoder=dict(
            num_layers=2,
            layer_cfg=dict(
                self_attn_cfg=dict(
                    embed_dims=32,
                    num_heads=4,
                    num_levels=3,
                    num_points=4,
                    dropout=0.0,
                    batch_first=True),
                ffn_cfg=dict(
                    embed_dims=32, feedforward_channels=feedforward_channels,
                    ffn_drop=0.0))),
        positional_encoding=dict(num_feats=16, normalize=True))
