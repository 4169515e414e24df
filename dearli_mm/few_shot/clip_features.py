"""What a CLIP sees in each image of a folder, as one vector, kept in a file.
"""
import os
import time
from pathlib import Path
from typing import (Any, Dict, Iterator, List, NamedTuple, Optional, Tuple,
                    Union)
from zipfile import BadZipFile

import cv2
import numpy as np
import torch
from mmengine.device import get_device
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from ..datasets.image_files import UnreadableImageError, decode_image
from ..models.backbones import OpenCLIPBackbone
from ..models.clip.loading import clip_weights_path
from ..utils.atomic import atomic_path

SAVE_EVERY = 30  # seconds
STRIDE = 32  # of the last stage; sides are multiples of it


class Tower(NamedTuple):
    """A CLIP, and how images come to it.

    Attributes:
        model_name (str): Name of an open_clip model with a CNN.
        pretrained (str): Path of its weights.
        size (int, optional): Side of the square that images are resized to,
            in pixels. Default: the side that the model was trained with.
        device (str, optional): Default: a GPU if there is one.
    """
    model_name: str
    pretrained: str
    size: Optional[int] = None
    device: Optional[str] = None

    @property
    def made_by(self) -> str:
        """What features depend on."""
        stat = clip_weights_path(self.model_name, self.pretrained).stat()
        return f'{self.model_name} {stat.st_size} {stat.st_mtime_ns} ' \
            f'{self.size}'


def image_features(paths: Dict[str, str], tower: Tower, cache: Path,
                   batch_size: int = 16, workers: int = 2
                   ) -> Tuple[Dict[str, np.ndarray], Dict[str, str]]:
    """Mean-pooled dense features of images, in the space of the text.

    What the file holds of unchanged images is taken from it; it is written
    every half minute, so that a killed run goes on.

    Args:
        paths (dict[str, str]): Path by name.
        tower (Tower): The CLIP.
        cache (Path): ``.npz`` file to read and write.
        batch_size (int): Defaults to 16.
        workers (int): Processes that read images. Defaults to 2.

    Returns:
        tuple[dict[str, np.ndarray], dict[str, str]]: Vector by name, float32
        ``[D]``, not normalised; what is wrong with each of the other images.

    Raises:
        FileNotFoundError: If the weights are not there.
        ValueError: If the file is something else, or the weights do not fit.
    """
    known = _read(cache, tower)
    keys = {name: _key(name, path) for name, path in paths.items()}
    todo = [name for name in paths if keys[name] not in known]
    broken: Dict[str, str] = {}
    saved = time.monotonic()
    for name, found in _see({name: paths[name] for name in todo}, tower,
                            batch_size, workers):
        if isinstance(found, str):
            broken[name] = found
        else:
            known[keys[name]] = found
        if time.monotonic() - saved > SAVE_EVERY:
            _write(cache, tower, known)
            saved = time.monotonic()
    if todo:
        _write(cache, tower, known)
    return {name: known[key] for name, key in keys.items()
            if key in known}, broken


def _see(paths: Dict[str, str], tower: Tower, batch_size: int,
         workers: int) -> Iterator[Tuple[str, Union[np.ndarray, str]]]:
    """Names with vectors, or with what is wrong."""
    if not paths:
        return  # without loading the CLIP
    clip = OpenCLIPBackbone(tower.model_name, tower.pretrained)
    clip.to(tower.device or get_device()).eval()
    side = tower.size or max(np.atleast_1d(clip.visual.image_size))
    files = _Files([*paths.values()], -(-int(side) // STRIDE) * STRIDE)
    loader = DataLoader(files, batch_size, collate_fn=list,
                        num_workers=min(workers, len(paths)))
    names = iter(paths)
    with tqdm(total=len(paths), desc='CLIP', unit='image', mininterval=2,
              disable=None) as bar:
        for batch in loader:
            vectors = iter(_embed(clip, [image for image in batch
                                         if not isinstance(image, str)]))
            for item in batch:
                yield next(names), item if isinstance(item, str) else \
                    next(vectors)
            bar.update(len(batch))


class _Files(Dataset):
    """Images resized to a square, uint8 RGB [3, S, S], or what is wrong."""

    def __init__(self, paths: List[str], side: int) -> None:
        self.paths, self.side = paths, side

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Any:
        path = self.paths[index]
        try:
            image = decode_image(Path(path).read_bytes(), path)
        except (OSError, UnreadableImageError) as error:
            return str(error)
        image = cv2.resize(image, (self.side, self.side),
                           interpolation=cv2.INTER_AREA)
        return torch.from_numpy(
            np.ascontiguousarray(image[..., ::-1].transpose(2, 0, 1)))


@torch.no_grad()
def _embed(clip: OpenCLIPBackbone, images: List[torch.Tensor]) -> np.ndarray:
    """Shape [B, D]."""
    if not images:
        return np.zeros((0, clip.embed_dims), np.float32)
    mean, std = (clip.logit_scale.new_tensor(value).view(3, 1, 1)
                 for value in clip.pixel_norm[:2])
    pixels = torch.stack(images).to(mean.device).float()
    dense = clip.dense_features(clip((pixels - mean) / std)[-1])
    whole = dense.new_ones(len(dense), 1, *dense.shape[2:])
    return clip.embed_masks(dense, whole)[:, 0].float().cpu().numpy()


def _key(name: str, path: str) -> str:
    stat = os.stat(path)
    return f'{name}|{stat.st_size}|{stat.st_mtime_ns}'


def _read(cache: Path, tower: Tower) -> Dict[str, np.ndarray]:
    """What the file holds of this CLIP."""
    if not cache.is_file():
        return {}
    try:
        with np.load(cache) as stored:
            if str(stored['made_by']) != tower.made_by:
                print(f'{cache} was made with another CLIP: it is made anew')
                return {}
            return dict(zip(stored['keys'].tolist(), stored['features']))
    except (BadZipFile, EOFError, KeyError, ValueError) as error:
        raise ValueError(f'{cache} does not hold features of images '
                         f'({error}); delete it, or name another file'
                         ) from error


def _write(cache: Path, tower: Tower, known: Dict[str, np.ndarray]) -> None:
    with atomic_path(cache) as part, part.open('wb') as file:
        np.savez(file, made_by=tower.made_by, keys=list(known),
                 features=np.stack([*known.values()]) if known else [])
