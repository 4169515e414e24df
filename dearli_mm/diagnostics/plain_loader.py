"""Pipelines of PIL and torchvision, and images, to measure ours beside.

The steps are those of the literature's loaders: PIL for image and id map,
torchvision for colour, one boolean mask a segment at the end.
"""
import random
from pathlib import Path
from typing import Callable, List, Sequence, Tuple

import cv2
import mmcv
import numpy as np
import torch
from PIL import Image, ImageFilter, ImageOps
from torchvision import transforms

from ..functional.panoptic_ids import id2rgb

Step = Tuple[str, Callable[[dict], dict]]
SIZES = ((640, 480), (683, 512), (640, 427), (1024, 768))  # as COCO, ADE20K
NUM_THINGS, NUM_STUFF = 12, 5  # segments of a made image
to_tensor = transforms.functional.pil_to_tensor


def plain_labeled_steps(size: int,
                        scales: Sequence[Tuple[int, int]]) -> List[Step]:
    """Steps of a labelled image.

    Args:
        size (int): Of the crop.
        scales (Sequence[tuple[int, int]]): Limits of the long and the short
            side, one of which is drawn.
    """
    color = transforms.ColorJitter(32 / 255, 0.5, 0.5, 18 / 360)
    return [
        ('decode', _decode),
        ('decode PNG', _decode_png),
        *_geometry(size, scales),
        ('ColorJitter', lambda s: dict(s, img=color(s['img']))),
        ('masks, tensors', _masks),
    ]


def plain_two_views_steps(size: int,
                          scales: Sequence[Tuple[int, int]]) -> List[Step]:
    """Steps of the weak and the strong view; arguments as above."""
    color = transforms.ColorJitter(0.8, 0.8, 0.8, 0.2)
    grey = transforms.RandomGrayscale(0.2)
    blur = transforms.RandomApply([_blur])
    return [
        ('decode', _decode),
        *_geometry(size, scales),
        ('ColorJitter', lambda s: dict(s, strong=color(s['img']))),
        ('RandomGrayscale', lambda s: dict(s, strong=grey(s['strong']))),
        ('GaussianBlur', lambda s: dict(s, strong=blur(s['strong']))),
        ('tensors', lambda s: dict(
            weak=to_tensor(s['img']), strong=to_tensor(s['strong']))),
    ]


def _blur(image: Image.Image) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(random.uniform(0.1, 2.0)))


def _decode(state: dict) -> dict:
    with Image.open(state['img_path']) as image:
        return dict(state, img=image.convert('RGB'))


def _decode_png(state: dict) -> dict:
    with Image.open(state['seg_map_path']) as png:
        rgb = np.asarray(png.convert('RGB'), dtype=np.int32)
    ids = rgb[..., 0] + 256 * rgb[..., 1] + 65536 * rgb[..., 2]
    return dict(state, ids=Image.fromarray(ids))


def _geometry(size: int, scales: Sequence[Tuple[int, int]]) -> List[Step]:
    """Resize, crop, flip and padding of the image and of an id map.

    Numbers are drawn as RandomScaleCropFlip does, so that seeds give both the
    same scales: they decide most of the time.
    """
    return [
        ('resize', lambda s: _resize(s, scales)),
        ('crop', lambda s: _crop(s, size)),
        ('flip', _flip),
        ('pad', lambda s: _pad(s, size)),
    ]


def _both(state: dict, change: Callable) -> dict:
    """Change the image and, where there is one, the id map."""
    return dict(state, **{
        key: change(state[key], key == 'img')
        for key in ('img', 'ids') if key in state
    })


def _resize(state: dict, scales: Sequence[Tuple[int, int]]) -> dict:
    shape = mmcv.rescale_size(state['img'].size,
                              scales[np.random.randint(len(scales))])
    methods = Image.Resampling.NEAREST, Image.Resampling.BILINEAR
    return _both(state, lambda i, is_img: i.resize(shape, methods[is_img]))


def _crop(state: dict, size: int) -> dict:
    width, height = state['img'].size
    top = np.random.randint(max(height - size, 0) + 1)
    left = np.random.randint(max(width - size, 0) + 1)
    box = (left, top, min(left + size, width), min(top + size, height))
    return _both(state, lambda i, _: i.crop(box))


def _flip(state: dict) -> dict:
    if np.random.random() < 0.5:
        return state
    return _both(state, lambda i, _: ImageOps.mirror(i))


def _pad(state: dict, size: int) -> dict:

    def pad(image: Image.Image, is_img: bool) -> Image.Image:
        if image.size == (size, size):
            return image
        fill = (128, 128, 128) if is_img else 0
        padded = Image.new(image.mode, (size, size), fill)
        padded.paste(image)
        return padded

    return _both(state, pad)


def _masks(state: dict) -> dict:
    ids = np.asarray(state['ids'])
    masks = [ids == segment['id'] for segment in state['segments_info']]
    masks = torch.stack([torch.from_numpy(mask) for mask in masks])
    labels = [segment['category'] for segment in state['segments_info']]
    return dict(
        img=to_tensor(state['img']), masks=masks, labels=torch.tensor(labels))


# ------------------------------------------------------------------- images


def make_images(folder: str, count: int) -> List[dict]:
    """Write images and panoptic PNGs that cost what photographs do.

    Args:
        folder (str): Where to.
        count (int): How many; their sizes are those of COCO and ADE20K.

    Returns:
        list[dict]: What a panoptic dataset of mmdet gives of them.
    """
    rng = np.random.default_rng(0)
    infos = []
    for number in range(count):
        width, height = SIZES[number % len(SIZES)]
        segments = _segments(rng, height, width)
        image = _texture(rng, segments)
        info = _info(Path(folder) / f'{number:03d}', number, segments)
        cv2.imwrite(info['img_path'], image, [cv2.IMWRITE_JPEG_QUALITY, 90])
        ids = np.r_[0, [s['id'] for s in info['segments_info']]][segments]
        cv2.imwrite(info['seg_map_path'], id2rgb(ids)[..., ::-1])
        infos.append(info)
    return infos


def _noise(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Noise whose power falls with frequency, as that of photographs."""
    total = np.zeros((height, width), np.float32)
    for octave in range(1, 9):
        coarse = rng.standard_normal((2**octave, 2**octave), np.float32)
        total += cv2.resize(
            coarse, (width, height), interpolation=cv2.INTER_CUBIC) / octave
    return total + 0.45 * rng.standard_normal((height, width), np.float32)


def _segments(rng: np.random.Generator, height: int,
              width: int) -> np.ndarray:
    """Regions with rough borders, 1..n, and some void."""
    sites = rng.random((NUM_THINGS + NUM_STUFF + 1, 2)) * (height, width)
    rows = np.arange(height)[:, None] + 12 * _noise(rng, height, width)
    columns = np.arange(width) + 12 * _noise(rng, height, width)
    return np.stack([(rows - y)**2 + (columns - x)**2
                     for y, x in sites]).argmin(0)


def _texture(rng: np.random.Generator, segments: np.ndarray) -> np.ndarray:
    colors = rng.uniform(60, 190, (segments.max() + 1, 3))
    light = _noise(rng, *segments.shape)[..., None]
    return (colors[segments] + 18 * light).clip(0, 255).astype(np.uint8)


def _info(stem: Path, number: int, segments: np.ndarray) -> dict:
    found = []
    for k in range(1, NUM_THINGS + NUM_STUFF + 1):
        rows, columns = np.nonzero(segments == k)
        if len(rows):
            box = (columns.min(), rows.min(), columns.max() + 1,
                   rows.max() + 1)
            found.append((k, [float(side) for side in box]))
    height, width = segments.shape
    return dict(
        img_path=f'{stem}.jpg',
        seg_map_path=f'{stem}.png',
        img_id=number,
        height=height,
        width=width,
        instances=[
            dict(bbox=box, bbox_label=k, ignore_flag=0) for k, box in found
            if k <= NUM_THINGS
        ],
        segments_info=[
            dict(id=1000 * k, category=k, is_thing=k <= NUM_THINGS)
            for k in range(1, NUM_THINGS + NUM_STUFF + 1)
        ])
