"""Batches that are made in memory, and a teacher that finds segments."""
from typing import Dict, Tuple

import numpy as np
import torch
from mmdet.structures import DetDataSample
from mmdet.structures.mask import BitmapMasks
from mmengine.structures import InstanceData, PixelData
from torch import Tensor, nn

from .sizes import StepSizes


def make_batch(sizes: StepSizes) -> Tuple[Dict[str, Tensor], dict]:
    """Normalised images and samples of the branches of one step.

    Args:
        sizes (StepSizes): Sizes of the step.

    Returns:
        tuple[dict, dict]: ``inputs`` [B, 3, H, W] and ``data_samples`` of
        ``labeled``, ``weak`` and ``strong``, as :meth:`DEARLi.loss` takes
        them.
    """
    counts = dict(
        labeled=sizes.labeled, weak=sizes.unlabeled, strong=sizes.unlabeled)
    inputs = {name: torch.randn(count, 3, sizes.crop, sizes.crop)
              for name, count in counts.items()}
    samples = {name: [make_sample(sizes) for _ in range(count)]
               for name, count in counts.items()}
    return inputs, samples


def make_sample(sizes: StepSizes) -> DetDataSample:
    """An image's sample: columns of equal width, two thirds of them things."""
    size = (sizes.crop, sizes.crop)
    columns = np.arange(sizes.crop) * sizes.segments // sizes.crop
    owner = np.broadcast_to(columns, size)
    num_things = sizes.segments - sizes.segments // 3
    num_stuff = max(sizes.classes - sizes.num_things, 1)
    stuff = sizes.num_things + (owner - num_things) % num_stuff
    masks = np.stack([owner == k for k in range(num_things)])
    semantic = np.where(owner < num_things, 255, stuff).astype(np.uint8)
    return DetDataSample(
        metainfo=dict(
            img_shape=size, ori_shape=size, batch_input_shape=size),
        gt_instances=InstanceData(
            labels=torch.randint(sizes.num_things, (num_things, )),
            masks=BitmapMasks(masks.astype(np.uint8), *size)),
        gt_sem_seg=PixelData(sem_seg=torch.from_numpy(semantic[None])))


def force_segments(teacher: nn.Module, sizes: StepSizes,
                   device: str = 'cpu') -> None:
    """Let the teacher work as ever, but find a known number of segments.

    An untrained teacher finds next to nothing; what it finds decides what
    pseudo-labels and set losses cost. Its answer [B, Q, C+1] and [B, Q, h, w]
    has as many vertical stripes as there are segments, one per query, each a
    thing class of its own; the other queries are void.
    """
    side = sizes.crop // 4
    classes = torch.full((sizes.queries, ), sizes.classes)
    classes[:sizes.segments] = torch.arange(
        sizes.segments) % sizes.num_things
    # So sure that nothing falls below a threshold.
    class_logits = 20. * torch.eye(sizes.classes + 1)[classes].to(device)
    owner = torch.arange(side) * sizes.segments // side
    hit = owner == torch.arange(sizes.queries)[:, None]
    mask_logits = torch.where(hit, 8., -8.)[:, None].expand(
        -1, side, -1).to(device)
    work = teacher.predict_queries

    def predict_queries(images: Tensor, *_) -> Tuple[Tensor, Tensor]:
        work(images)
        return (class_logits.expand(len(images), -1, -1),
                mask_logits.expand(len(images), -1, -1, -1).contiguous())

    teacher.predict_queries = predict_queries
