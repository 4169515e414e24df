"""Images that masks are made of: a folder, a list, or a dataset."""
import os
from pathlib import Path
from typing import Any, Dict, Optional

from mmdet.registry import DATASETS
from mmengine.config import Config

from ..datasets.config_datasets import read_config
from ..datasets.image_folders import list_images


def find_images(source: str,
                dataset: str = 'train_dataloader.dataset',
                root: Optional[str] = None) -> Dict[str, str]:
    """Images of a source.

    Args:
        source (str): A folder (with its subfolders), a text file with one
            path per line, or a config file (``.py``) with a dataset.
        dataset (str): Key of the dataset within the config; datasets within
            wrappers are found by their keys, ``...dataset.dataset``.
            ``'train_set'`` is the innermost one of training: all its images,
            whatever the split.
        root (str, optional): Folder that names count from. Defaults to the
            folder itself, else to the deepest folder that holds all images.

    Returns:
        dict[str, str]: Path by name, the path relative to the root.

    Raises:
        FileNotFoundError: If there is no such source.
        KeyError: If the config has no such dataset.
        ValueError: If there is no image, or one outside of the root.
    """
    if source.endswith('.py'):
        paths = _images_of_dataset(source, dataset)
    else:
        paths = [str(path) for path in list_images(source)]
        if root is None and Path(source).is_dir():
            root = source
    paths = list(dict.fromkeys(map(os.path.abspath, paths)))
    if root is None:
        root = os.path.commonpath([os.path.dirname(path) for path in paths])
    images = {os.path.relpath(path, root): path for path in paths}
    outside = [path for name, path in images.items() if name.startswith('..')]
    if outside:
        raise ValueError(f'root={root!r} does not hold {len(outside)} of the '
                         f'images, for instance {outside[0]}')
    return images


def _images_of_dataset(config_file: str, key: str) -> list:
    config: Any = read_config(config_file)
    if key == 'train_set':
        key = _key_of_train_set(config)
    for part in key.split('.'):
        if not isinstance(config, (dict, Config)) or part not in config:
            there = sorted(config) if hasattr(config, 'keys') else config
            raise KeyError(f'dataset={key!r}: {config_file} has no {part!r} '
                           f'there, but {there}')
        config = config[part]
    dataset = DATASETS.build(dict(config, pipeline=[]))
    if not hasattr(dataset, 'get_data_info'):
        raise KeyError(
            f'dataset={key!r} is a {type(dataset).__name__}, which does not '
            f"tell its images; name the dataset within it ('{key}.dataset')")
    paths = [
        dataset.get_data_info(index)['img_path']
        for index in range(len(dataset))
    ]
    if not paths:
        raise ValueError(f'dataset={key!r} of {config_file} has no images')
    return paths


def _key_of_train_set(config: Any) -> str:
    """Key of the dataset that training reads, without its wrappers."""
    key, node = 'train_dataloader', config.get('train_dataloader') or {}
    while inner := next((n for n in ('labeled', 'dataset') if n in node), ''):
        key, node = f'{key}.{inner}', node[inner]
    return key if node else f'{key}.dataset'  # which is then missed by name
