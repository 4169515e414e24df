"""CPU time of the transforms that the training data of a config go through."""
from typing import Any
from unittest import mock

import cv2
import numpy as np
import pandas as pd
import torch
from mmcv.transforms import BaseTransform
from mmengine.runner import set_random_seed

from ..datasets.config_datasets import read_config
from .browse import training_data
from .phases import PhaseTimer


def measure_loader_speed(config_path: str, images: int = 16,
                         rounds: int = 5) -> pd.DataFrame:
    """Time the training pipelines of a config, in this one process.

    Args:
        config_path (str): Has a ``train_dataloader``; its data are there.
        images (int): Items of each part, drawn at random. Defaults to 16.
        rounds (int): Passes over them, each with other random numbers;
            medians are given. Defaults to 5.

    Returns:
        DataFrame: Milliseconds of CPU time per item, indexed by ``part``
        ('labeled', 'unlabeled': two views) and ``transform`` (by its class;
        'other' for what is in none).

    Raises:
        ValueError: If the config has no training data.
        FileNotFoundError: If the data are not there.
    """
    parts = training_data(read_config(config_path))
    cv2.setNumThreads(0)  # as in the workers of a loader
    torch.set_num_threads(1)
    timer = PhaseTimer()
    spent = []
    call = BaseTransform.__call__

    def timed(transform: BaseTransform, results: dict) -> Any:
        with timer.phase(type(transform).__name__):
            return call(transform, results)

    # Wherever a transform is called from: some hold others.
    with mock.patch.object(BaseTransform, '__call__', timed):
        for number in range(-1, rounds):  # the first one warms up
            for role, dataset in parts.items():
                set_random_seed(1000 + number)
                timer.restart()
                for index in np.random.randint(len(dataset), size=images):
                    with timer.phase('other'):
                        dataset[int(index)]
                spent += [
                    dict(part=role, transform=name, ms=ms / images)
                    for name, ms in timer.cpu.items() if number >= 0
                ]
    return pd.DataFrame(spent).groupby(['part', 'transform'],
                                       sort=False).median()


def speed_table(result: pd.DataFrame) -> str:
    """What :func:`measure_loader_speed` returns, for people."""
    lines = ['one worker, CPU time per item, medians']
    for part, table in result.ms.groupby(level='part', sort=False):
        total = table.sum()
        table = table.droplevel('part').sort_values(ascending=False)
        lines += [f'\n{part}: {total:.1f} ms, {1000 / total:.1f} items/s',
                  pd.DataFrame({'ms': table, '%': 100 * table / total})
                  .to_string(float_format='{:.1f}'.format, header=False,
                             index_names=False)]
    return '\n'.join(lines)
