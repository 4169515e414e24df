# The same network in small, on the tiny CLIP of projects/toy_world: what a CPU
# trains in minutes. A stand-in for the real CLIP; see the README. Configs on
# top of this one import projects.toy_world, which makes the CLIP known.
_base_ = './dearli_clip-convnext-b.py'

clip_weights = '{{ fileDirname }}/../../../projects/toy_world/dearli_tiny.safetensors'  # noqa: E501
width = 64

model = dict(
    detector=dict(
        backbone=dict(model_name='dearli_tiny', pretrained=clip_weights),
        panoptic_head=dict(
            in_channels=[32, 64, 96, 128],
            feat_channels=width,
            out_channels=width,
            num_queries=24,
            pixel_decoder=dict(
                encoder=dict(
                    num_layers=2,
                    layer_cfg=dict(
                        self_attn_cfg=dict(embed_dims=width),
                        ffn_cfg=dict(
                            embed_dims=width, feedforward_channels=256))),
                positional_encoding=dict(num_feats=width // 2)),
            positional_encoding=dict(num_feats=width // 2),
            transformer_decoder=dict(
                num_layers=3,
                layer_cfg=dict(
                    self_attn_cfg=dict(embed_dims=width),
                    cross_attn_cfg=dict(embed_dims=width),
                    ffn_cfg=dict(
                        embed_dims=width, feedforward_channels=256)))),
        train_cfg=dict(num_points=1024)))

# A child could change this name, but nothing by it.
del width
