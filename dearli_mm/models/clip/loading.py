"""Loading of open_clip models from local files, never from a hub."""
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, Optional, Tuple

from huggingface_hub import constants
from mmengine.logging import print_log
from torch import nn

from dearli_mm.utils.lazy import lazy_module

open_clip = lazy_module('open_clip')


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
    other = f'{model_name}-quickgelu'
    if path and other in open_clip.list_models():
        print_log(
            f'pretrained={path!r} is loaded as {model_name!r}; weights that '
            f'were trained with quick GELU, such as those of OpenAI, need '
            f'model_name={other!r}', 'current')
    try:
        # A text tower of its own module cuts to the length of its input.
        with _no_hub():
            return open_clip.create_model(
                model_name,
                pretrained=path,
                force_custom_text=True,
                pretrained_image=False,
                force_preprocess_cfg=_image_norm(model_name))
    except Exception as error:
        if path is None:
            raise
        raise ValueError(
            f'pretrained={path!r} cannot be loaded as weights of '
            f'{model_name!r}: {str(error)[:500]}. Check that the file is '
            'complete and belongs to this model') from error


def build_tokenizer(model_name: str) -> Any:
    """The tokenizer of an open_clip model, without a hub.

    Args:
        model_name (str): Name of an open_clip model config.

    Returns:
        open_clip's tokenizer.

    Raises:
        ImportError: If it takes ``transformers``, which is not there.
        FileNotFoundError: If its files are not on this machine.
    """
    source = open_clip.get_model_config(model_name)['text_cfg'].get(
        'hf_tokenizer_name')
    if not source and 'siglip' not in model_name.lower():
        return open_clip.get_tokenizer(model_name)  # comes with open_clip
    which = repr(source) if source else 'of SigLIP'
    needs = f'model_name={model_name!r} needs the tokenizer {which}'
    try:
        import transformers  # noqa: F401
    except ImportError as error:
        raise ImportError(f'{needs}, which takes `pip install transformers` '
                          'and its files') from error
    if source:
        try:
            with _no_hub():
                return open_clip.get_tokenizer(
                    model_name, local_files_only=True)
        except Exception as error:
            reason = error
    else:
        reason = ValueError('open_clip would download it')
    raise FileNotFoundError(
        f'{needs}, whose files are not on this machine; nothing is '
        'downloaded silently: get them with `hf download '
        f'{source or "NAME"}`, or name their folder as hf_tokenizer_name in '
        'a model config of your own (open_clip.add_model_config)'
    ) from reason


def _image_norm(model_name: str) -> Dict[str, Tuple[float, ...]]:
    """Mean and deviation of the images that a CLIP was trained with.

    A file does not tell them, and open_clip takes OpenAI's for it; but where
    all published weights of a model have the same, such as SigLIP's, it is
    these.
    """
    known = {
        (config['mean'], config['std'])
        for config in (open_clip.get_pretrained_cfg(model_name, tag) for tag in
                       open_clip.list_pretrained_tags_by_model(model_name))
    }
    return dict(zip(('mean', 'std'), *known)) \
        if len(known) == 1 else {}


@contextmanager
def _no_hub() -> Iterator[None]:
    """Whatever asks a hub in this block is refused at once."""
    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before
