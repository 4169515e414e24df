"""Parameter names of the reference implementation in this package's."""
import re
from typing import Optional

# (pattern, replacement) of parameter names, tried in this order.
_PIXEL_DECODER = (
    (r'input_proj\.(\d+)\.0\.', r'input_convs.\1.conv.'),
    (r'input_proj\.(\d+)\.1\.', r'input_convs.\1.gn.'),
    (r'transformer\.level_embed$', r'level_encoding.weight'),
    (r'transformer\.encoder\.layers\.(\d+)\.self_attn\.',
     r'encoder.layers.\1.self_attn.'),
    (r'transformer\.encoder\.layers\.(\d+)\.linear1\.',
     r'encoder.layers.\1.ffn.layers.0.0.'),
    (r'transformer\.encoder\.layers\.(\d+)\.linear2\.',
     r'encoder.layers.\1.ffn.layers.1.'),
    (r'transformer\.encoder\.layers\.(\d+)\.norm1\.',
     r'encoder.layers.\1.norms.0.'),
    (r'transformer\.encoder\.layers\.(\d+)\.norm2\.',
     r'encoder.layers.\1.norms.1.'),
    (r'adapter_1\.norm\.', r'lateral_convs.0.gn.'),
    (r'adapter_1\.', r'lateral_convs.0.conv.'),
    (r'layer_1\.norm\.', r'output_convs.0.gn.'),
    (r'layer_1\.', r'output_convs.0.conv.'),
    (r'mask_features\.', r'mask_feature.'),
)
_LAYER = r'transformer_decoder.layers.\1.'
_MASK_DECODER = (
    (r'transformer_cross_attention_layers\.(\d+)\.multihead_attn\.',
     _LAYER + r'cross_attn.attn.'),
    (r'transformer_cross_attention_layers\.(\d+)\.norm\.',
     _LAYER + r'norms.0.'),
    (r'transformer_self_attention_layers\.(\d+)\.self_attn\.',
     _LAYER + r'self_attn.attn.'),
    (r'transformer_self_attention_layers\.(\d+)\.norm\.',
     _LAYER + r'norms.1.'),
    (r'transformer_ffn_layers\.(\d+)\.linear1\.', _LAYER + r'ffn.layers.0.0.'),
    (r'transformer_ffn_layers\.(\d+)\.linear2\.', _LAYER + r'ffn.layers.1.'),
    (r'transformer_ffn_layers\.(\d+)\.norm\.', _LAYER + r'norms.2.'),
    (r'decoder_norm\.', r'transformer_decoder.post_norm.'),
    (r'(query_feat|query_embed|level_embed)\.', r'\1.'),
    # Linear layers of the MLPs stand between activations.
    (r'mask_embed\.layers\.0\.', r'mask_embed.0.'),
    (r'mask_embed\.layers\.1\.', r'mask_embed.2.'),
    (r'mask_embed\.layers\.2\.', r'mask_embed.4.'),
    (r'class_embed\.layers\.0\.', r'cls_embed.0.'),
    (r'class_embed\.layers\.1\.', r'cls_embed.2.'),
    (r'class_embed\.layers\.2\.', r'cls_embed.4.'),
    (r'logit_scale$', r'logit_scale'),
)
_SECTIONS = (
    ('sem_seg_head.pixel_decoder.', 'panoptic_head.pixel_decoder.',
     _PIXEL_DECODER),
    ('sem_seg_head.predictor.', 'panoptic_head.', _MASK_DECODER),
    ('void_embedding.', 'panoptic_head.void_embedding.', (('', ''), )),
    ('backbone.clip_model.visual.', 'backbone.visual.', (('', ''), )),
    ('backbone.clip_model.logit_scale', 'backbone.logit_scale', (('', ''), )),
)


def rename(key: str) -> Optional[str]:
    """Our name of a parameter of the reference implementation.

    Args:
        key (str): For instance ``'sem_seg_head.predictor.query_feat.weight'``.

    Returns:
        str | None: Its name in a :class:`CLIPMask2Former`; ``None`` if it has
        none there.
    """
    for prefix, new_prefix, rules in _SECTIONS:
        if not key.startswith(prefix):
            continue
        rest = key[len(prefix):]
        for pattern, replacement in rules:
            if re.match(pattern, rest):
                return new_prefix + re.sub(f'^{pattern}', replacement, rest)
    return None
