"""A checkpoint to give away: one network, small, with all it needs."""
import copy
import os
from pathlib import Path

import torch
from mmengine.config import Config

from .. import __version__
from ..models.detectors.teacher import NETWORKS, weights_of_network
from ..utils.atomic import atomic_path
from .checkpoint import (dataset_of_tests, detector_config, load_checkpoint,
                         load_config)

# What mmdet's doors read besides the network.
METAINFO = ('classes', 'thing_classes', 'stuff_classes', 'palette')
VISUALIZER = dict(
    type='PanopticVisualizer',
    name='visualizer',
    vis_backends=[dict(type='LocalVisBackend')])


def publish_model(source: str, target: str, network: str = 'student',
                  half: bool = True) -> Path:
    """Write one network of a training's checkpoint for inference.

    It holds the weights, the part of the config that inference reads (weight
    files within the current folder by their relative paths), and classes,
    names and colours; no optimiser, no teacher, nothing else of the run.

    Args:
        source (str): Checkpoint that a training wrote.
        target (str): File to write.
        network (str): ``'student'`` (default) or ``'teacher'``.
        half (bool): Whether weights are stored in float16. Defaults to True.

    Returns:
        Path: The file.

    Raises:
        FileExistsError: If the target is there.
        FileNotFoundError: If the checkpoint is not there.
        ValueError: If it has no such network, or is none of this package's.
    """
    path = Path(target)
    if path.exists():
        raise FileExistsError(f'{target} is there; choose another name')
    if network not in NETWORKS:
        raise ValueError(f'network={network!r} is none of {NETWORKS}')
    content = load_checkpoint(source)
    config = load_config(content, source)
    detector = copy.deepcopy(detector_config(config))
    if 'detector' in config.model:
        detector.data_preprocessor = config.model.data_preprocessor.get(
            'data_preprocessor', config.model.data_preprocessor)
    elif network == 'teacher':
        raise ValueError(f'{source} has no teacher')
    _make_paths_relative(detector)
    dataset_meta = content['meta'].get('dataset_meta') or {}
    kept = Config(dict(
        default_scope=config.get('default_scope', 'mmdet'),
        custom_imports=config.get('custom_imports'),
        model=detector,
        test_dataloader=dict(dataset=dict(
            type='PanopticDataset',
            data_prefix=dict(img='', seg=''),
            metainfo={key: dataset_meta[key]
                      for key in METAINFO if key in dataset_meta},
            pipeline=dataset_of_tests(config).pipeline)),
        visualizer=VISUALIZER))
    meta = dict(cfg=kept.pretty_text, dearli_mm=__version__,
                dataset_meta=dataset_meta)
    state = weights_of_network(content['state_dict'], network)
    if half:
        state = {name: value.half() if value.is_floating_point() else value
                 for name, value in state.items()}
    with atomic_path(path) as part:
        torch.save(dict(state_dict=state, meta=meta), part)
    return path


def _make_paths_relative(node: dict) -> None:
    here = os.getcwd()
    for key, value in node.items():
        if isinstance(value, dict):
            _make_paths_relative(value)
        elif key == 'pretrained' and value and os.path.isabs(value):
            relative = os.path.relpath(value, here)
            node[key] = value if relative.startswith('..') else relative
