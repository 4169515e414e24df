"""A network from its config and weights, ready to predict."""
import logging
from typing import Dict, Optional

import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.device import get_device
from torch import Tensor, nn

from ..models.clip import clip_weights_path
from ..models.detectors.teacher import NETWORKS
from ..models.fast_paths.deformable_attention import way_on
from .checkpoint import detector_config


def build_model(config: Config, state: Dict[str, Tensor], source: str,
                network: str, device: str) -> nn.Module:
    """Build a model and load its weights.

    Args:
        config (Config): With ``model``; changed in place.
        state (dict[str, Tensor]): The state dict of a checkpoint.
        source (str): Its path, for errors.
        network (str): ``'student'`` or ``'teacher'``, which predicts.
        device (str): Where to.

    Returns:
        nn.Module: In eval mode.

    Raises:
        FileNotFoundError: If the weights of the text tower are not there.
        ValueError: If there is no such network, the weights do not fit, or
            ``DEARLI_MM_ATTENTION`` names what this machine does not have.
    """
    if network not in NETWORKS:
        raise ValueError(f'network={network!r} is none of {NETWORKS}')
    way_on(torch.device(device))  # told before any image, if it is wrong
    if 'detector' in config.model:
        config.model.semi_test_cfg = dict(
            config.model.get('semi_test_cfg') or {}, predict_on=network)
    elif network == 'teacher':
        raise ValueError(f"network='teacher': {source} is of a model that "
                         "has none; leave it at 'student'")
    _take_image_tower_from_checkpoint(config)
    logging.getLogger().addFilter(_is_wanted)
    try:
        model = MODELS.build(config.model)
    finally:
        logging.getLogger().removeFilter(_is_wanted)
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        raise ValueError(f'checkpoint={source!r} does not fit its config: '
                         f'{str(error)[:500]}') from error
    return model.to(device).eval()


def checked_device(device: Optional[str]) -> str:
    """The device that was asked for, or the best there is.

    Raises:
        ValueError: If it cannot be used.
    """
    device = device or get_device()
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        # What went wrong, without the advice that PyTorch adds.
        why = str(error).split('. ')[0].split('\n')[0]
        raise ValueError(f'device={device!r} cannot be used ({why}); take '
                         "'cpu'") from error
    return device


def _take_image_tower_from_checkpoint(config: Config) -> None:
    """Let only the text tower be read from its file, which must be there.

    The image tower is in the checkpoint; the text tower is not, as it is
    dropped once the classes are embedded.

    Args:
        config (Config): Changed in place.

    Raises:
        FileNotFoundError: If the file is missing; names key and remedy.
    """
    detector = detector_config(config)
    text = detector.panoptic_head.text_classifier
    towers = [
        detector[name] for name in ('zero_shot_clip', 'backbone')
        if detector.get(name) and 'model_name' in detector[name]
    ]
    if 'model_name' not in text and towers:
        text.model_name = towers[0].model_name
        text.setdefault('pretrained', towers[0].get('pretrained'))
    for tower in towers:
        tower.pretrained = None  # its weights are in the checkpoint
    if text.get('pretrained') is None:
        return
    try:
        clip_weights_path(text.model_name, text.pretrained)
    except FileNotFoundError as error:
        inner = 'detector.' if 'detector' in config.model else ''
        key = f'model.{inner}panoptic_head.text_classifier.pretrained'
        raise FileNotFoundError(
            f'{error}. The classes need the text tower of CLIP, which a '
            'checkpoint does not hold: give its file with --cfg-options '
            f'{key}=PATH') from error


def _is_wanted(record: logging.LogRecord) -> bool:
    # open_clip warns of a tower whose weights come from the checkpoint.
    return 'No pretrained weights' not in record.getMessage()
