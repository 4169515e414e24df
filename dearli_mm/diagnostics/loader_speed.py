"""CPU time of the training pipelines, beside plain ones of PIL, torchvision.

A pipeline is a list of named steps on a dict here, so that ours and the plain
ones are timed by the same loop: interleaved, with the same random scales, and
by the CPU time of this one process.
"""
import copy
import random
import statistics
import time
from typing import Callable, Dict, List, Sequence, Tuple

import cv2
import numpy as np
import torch
from mmdet.registry import DATASETS, TRANSFORMS
from mmengine.config import Config

from ..datasets import RandomScaleCropFlip
from ..utils.config_datasets import read_config
from .plain_loader import (Step, make_images, plain_labeled_steps,
                           plain_two_views_steps)


def measure_loader_speed(config_path: str,
                         folder: str,
                         images: int = 16,
                         rounds: int = 5,
                         own_data: bool = False) -> dict:
    """Time the pipelines of a semi-supervised config.

    Args:
        config_path (str): Has ``train_dataloader`` of two parts.
        folder (str): Made images are written here.
        images (int): Number of images. Defaults to 16.
        rounds (int): Passes over the images; medians of them are given.
            Defaults to 5.
        own_data (bool): Take images of the config's dataset instead of made
            ones. Defaults to False.

    Returns:
        dict: ``crop``, ``images``, ``rounds`` and ``pipelines``; of each
        ``ms`` (an item), ``images_per_s`` (of one worker), ``steps`` (ms of
        each step).

    Raises:
        ValueError: If the config has no such pipelines.
    """
    config = read_config(config_path)
    pipelines, crop = _pipelines(config)
    infos = _dataset_infos(config, images) if own_data else \
        make_images(folder, images)
    cv2.setNumThreads(0)  # as in the workers of a loader
    torch.set_num_threads(1)
    _one_round(pipelines, infos, seed=0)  # warms up
    spent = [_one_round(pipelines, infos, seed) for seed in range(rounds)]
    return dict(
        crop=crop,
        images=len(infos),
        rounds=rounds,
        pipelines={
            name: _summary([one_round[name] for one_round in spent])
            for name in pipelines
        })


def _one_round(pipelines: Dict[str, List[Step]], infos: Sequence[dict],
               seed: int) -> Dict[str, Dict[str, float]]:
    """Milliseconds an item of each step, mean over the images."""
    spent = {
        name: dict.fromkeys((step for step, _ in steps), 0.)
        for name, steps in pipelines.items()
    }
    for number, info in enumerate(infos):
        for name, steps in pipelines.items():
            random.seed(seed * 1000 + number)
            np.random.seed(seed * 1000 + number)
            torch.manual_seed(seed * 1000 + number)
            state = copy.deepcopy(info)
            for step, function in steps:
                start = time.process_time()
                state = function(state)
                used = time.process_time() - start
                spent[name][step] += 1000 * used / len(infos)
    return spent


def _summary(rounds: List[Dict[str, float]]) -> dict:
    total = statistics.median(sum(spent.values()) for spent in rounds)
    return dict(
        ms=total,
        images_per_s=1000 / total,
        steps={
            step: statistics.median(spent[step] for spent in rounds)
            for step in rounds[0]
        })


def speed_table(result: dict) -> str:
    """What :func:`measure_loader_speed` returns, for people."""
    lines = [
        f'{result["images"]} images, crop {result["crop"]}, one worker, CPU '
        f'time, medians of {result["rounds"]} rounds'
    ]
    for name, found in result['pipelines'].items():
        lines.append(f'\n{name:30}{found["ms"]:7.1f} ms '
                     f'{found["images_per_s"]:6.1f} images/s')
        lines += [
            f'  {step:28}{ms:7.1f} ms {ms / found["ms"]:6.0%}'
            for step, ms in found['steps'].items()
        ]
    return '\n'.join(lines)


# ------------------------------------------------------------ the pipelines


def _dataset_infos(config: Config, count: int) -> List[dict]:
    dataset = DATASETS.build(
        dict(
            config.train_dataloader['labeled']['dataset']['dataset'],
            pipeline=[]))
    return [
        dataset.get_data_info(index)
        for index in range(min(count, len(dataset)))
    ]


def _pipelines(config: Config) -> Tuple[Dict[str, List[Step]], int]:
    try:
        parts = config.train_dataloader
        labeled = _build(parts['labeled']['dataset']['dataset']['pipeline'])
        unlabeled = parts['unlabeled']['dataset']
        weak, strong = _build(unlabeled['weak']), _build(unlabeled['strong'])
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(
            f'{config.filename}: train_dataloader needs the parts labeled '
            f'(dataset.dataset.pipeline) and unlabeled (dataset.weak, '
            f'dataset.strong); missing: {error}') from error
    geometry = [t for t in weak if isinstance(t, RandomScaleCropFlip)]
    if not geometry:
        raise ValueError(f'{config.filename}: the weak view has no '
                         'RandomScaleCropFlip, nothing to compare with')
    size = geometry[0].size
    size_and_scales = size, geometry[0].steps.transforms[0].scales
    return {
        'labelled': _flat(labeled),
        'labelled, plain': plain_labeled_steps(*size_and_scales),
        'weak + strong': _two_views(weak, strong),
        'weak + strong, plain': plain_two_views_steps(*size_and_scales),
    }, size


def _build(transforms: Sequence[dict]) -> list:
    return [TRANSFORMS.build(dict(transform)) for transform in transforms]


def _flat(transforms: Sequence[Callable]) -> List[Step]:
    """One step a transform, and what RandomScaleCropFlip is made of."""
    steps = []
    for transform in transforms:
        inner = transform.steps.transforms if isinstance(
            transform, RandomScaleCropFlip) else [transform]
        steps += [(type(t).__name__, t) for t in inner]
    return steps


def _two_views(weak: Sequence[Callable],
               strong: Sequence[Callable]) -> List[Step]:
    """As SemiSupPanopticDataset makes its views."""
    pack = TRANSFORMS.build(dict(type='PackDetInputs'))

    def on_strong(transform: Callable) -> Callable:
        return lambda views: dict(views, strong=transform(views['strong']))

    return [
        *_flat(weak),
        ('copy', lambda view: dict(weak=view, strong=copy.deepcopy(view))),
        *((name, on_strong(step)) for name, step in _flat(strong)),
        ('PackDetInputs',
         lambda views: {name: pack(view) for name, view in views.items()}),
    ]
