"""Checkpoints of the reference implementation in this package's names."""
import re
from pathlib import Path
from typing import Dict, List, NamedTuple, Tuple

import torch
from torch import Tensor

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
# Known and not needed: the text tower (text classifiers come from the CLIP
# file), and constants of the criteria.
_LEFT_OUT = ('backbone.clip_model.', 'criterion')


class Conversion(NamedTuple):
    """What became of a checkpoint.

    Attributes:
        state_dict (dict[str, Tensor]): Of a :class:`CLIPMask2Former`; it
            loads into :class:`DEARLi` as well, as student and teacher.
        left_out (list[str]): Known keys that are not needed.
    """
    state_dict: Dict[str, Tensor]
    left_out: List[str]


def convert_state_dict(state: Dict[str, Tensor],
                       decoder_only: bool = False) -> Conversion:
    """Rename the parameters of the reference implementation.

    Args:
        state (dict[str, Tensor]): Its state dict (student, teacher, or the
            warm-up's network).
        decoder_only (bool): Whether the backbone is left out: what a warm-up
            gives to training. Defaults to False.

    Returns:
        Conversion: The renamed parameters and what was left out.

    Raises:
        ValueError: If it is no such state dict, or of another architecture.
    """
    _check_architecture(state, decoder_only)
    converted, left_out, unknown = {}, [], []
    for key, value in state.items():
        name = _rename(key)
        if name is None:
            known = key.startswith(_LEFT_OUT) or '_mask_pooling' in key
            (left_out if known else unknown).append(key)
        elif decoder_only and name.startswith('backbone.'):
            left_out.append(key)
        else:
            converted[name] = value
    if unknown:
        raise ValueError(
            f'{len(unknown)} keys are none of the reference implementation, '
            f'for instance {unknown[:3]}: the file is of another model')
    return Conversion(converted, left_out)


def _check_architecture(state: Dict[str, Tensor], decoder_only: bool) -> None:
    if not any(key.startswith('sem_seg_head.predictor.') for key in state):
        raise ValueError(
            'no key starts with sem_seg_head.predictor.: the file is no '
            'checkpoint of the reference implementation; it holds, for '
            f'instance, {list(state)[:3]}')
    if not decoder_only and any('_mask_pooling' in key for key in state):
        raise ValueError(
            'the class head pools masks, as FC-CLIP does, and ours does not; '
            'pixel and mask decoder can still be had: --decoder-only')


def _rename(key: str):
    for prefix, new_prefix, rules in _SECTIONS:
        if not key.startswith(prefix):
            continue
        rest = key[len(prefix):]
        for pattern, replacement in rules:
            if re.match(pattern, rest):
                return new_prefix + re.sub(f'^{pattern}', replacement, rest)
    return None


def read_official_checkpoint(path: str) -> Dict[str, Tensor]:
    """Read a file of the reference implementation, plain data only.

    Args:
        path (str): A ``.pth`` file: a state dict, or a dict with ``model``.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it holds more than plain data, or no tensors.
    """
    file = Path(path).expanduser()
    if not file.is_file():
        raise FileNotFoundError(f'{file}: no such file')
    try:
        checkpoint = torch.load(file, map_location='cpu', weights_only=True)
    except Exception as error:
        raise ValueError(
            f'{file} cannot be read as plain data: {error}. If you trust its '
            "source, load it elsewhere and save only its 'model' tensors"
        ) from error
    state = checkpoint.get('model', checkpoint)
    tensors = {k: v for k, v in state.items() if isinstance(v, Tensor)}
    if not tensors:
        raise ValueError(f'{file} holds no tensors; keys: '
                         f'{list(checkpoint)[:5]}')
    return tensors


def convert_checkpoint(source: str,
                       target: str,
                       decoder_only: bool = False) -> Tuple[int, List[str]]:
    """Convert a file; see :func:`convert_state_dict`.

    Args:
        source (str): File of the reference implementation.
        target (str): File to write; loads with ``weights_only=True``.
        decoder_only (bool): Whether the backbone is left out.

    Returns:
        tuple[int, list[str]]: Number of mapped parameters, keys left out.
    """
    conversion = convert_state_dict(
        read_official_checkpoint(source), decoder_only)
    path = Path(target)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + '.tmp')
    torch.save(
        dict(
            state_dict=conversion.state_dict,
            meta=dict(converted_from=Path(source).name)), temporary)
    temporary.replace(path)
    return len(conversion.state_dict), conversion.left_out
