"""Loading of open_clip models from local files, never from a hub."""
from pathlib import Path
from typing import Optional

import open_clip
from torch import nn


def clip_weights_path(model_name: str, pretrained: str) -> Path:
    """Find a weight file.

    Args:
        model_name (str): Name of the open_clip model, for messages.
        pretrained (str): Path of the file.

    Returns:
        Path: The file.

    Raises:
        FileNotFoundError: If there is none; says where it was looked for and
            where to get it.
    """
    path = Path(pretrained).expanduser()
    if path.is_file():
        return path
    tags = open_clip.list_pretrained_tags_by_model(model_name)
    raise FileNotFoundError(
        f'pretrained={pretrained!r}: no CLIP weights of {model_name!r} at '
        f'{path.absolute()}; get open_clip_model.safetensors (or '
        'open_clip_pytorch_model.bin) of this model, for instance from '
        'https://huggingface.co/laion (tags that open_clip knows: '
        f"{', '.join(tags) or 'none'}), and give its path; nothing is "
        'downloaded silently')


def build_clip(model_name: str, pretrained: Optional[str] = None) -> nn.Module:
    """Build an open_clip model on the CPU.

    Args:
        model_name (str): Name of an open_clip model config.
        pretrained (str, optional): See :func:`clip_weights_path`. ``None``
            leaves the model at its random initialisation (tests, size
            studies).

    Returns:
        nn.Module: Model with ``visual``, ``text`` and ``logit_scale``.

    Raises:
        FileNotFoundError: If the weight file is not there.
        ValueError: If open_clip does not know the model, or the file does
            not fit it.
    """
    if model_name not in open_clip.list_models():
        raise ValueError(
            f'model_name={model_name!r} is not an open_clip model; '
            'open_clip.list_models() lists them, open_clip.add_model_config() '
            'adds your own')
    path = None if pretrained is None else str(
        clip_weights_path(model_name, pretrained))
    try:
        # A text tower of its own module cuts to the length of its input.
        return open_clip.create_model(
            model_name,
            pretrained=path,
            force_custom_text=True,
            pretrained_image=False)
    except Exception as error:
        if path is None:
            raise
        raise ValueError(
            f'pretrained={path!r} cannot be loaded as weights of '
            f'{model_name!r}: {error}. Check that the file is complete and '
            'belongs to this model') from error
