"""Trains the CLIP of the mini benchmark: locked-image tuning.

The image tower is a network that knows ImageNet, and stays as it is; its
features are reduced to their principal components. Only the text tower learns:
to meet the features of regions with their captions. Source: Zhai et al., LiT.
"""
from __future__ import annotations

import math
from functools import partial
from typing import List, NamedTuple, Sequence, Tuple

import numpy as np
import open_clip
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm import tqdm, trange

from dearli_mm.models.clip import build_clip
from dearli_mm.models.clip.class_prompts import make_prompts
from dearli_mm.models.clip.image_towers import image_tower
from projects.toy_world.clip_training import (build_optimiser,
                                              contrastive_loss, pool_regions,
                                              save)

from .sources import CLASSES, CutOut, Photos, load_others, load_photos
from .tower import CLIP_NAME, dense_features, load_trunk
from .views import NAMES, Captions, View, make_batch, object_view, scene_view

SCENES, VIEWS_AN_OBJECT = 600, 6
BATCH = 512  # regions per step
WORDS = 24  # tokens a caption; the longest has fewer


class Regions(NamedTuple):
    """What the image tower sees in N regions.

    Attributes:
        features (Tensor): Pooled dense features, ``[N, F]``.
        labels (Tensor): int64 ``[N]``, indices into ``CLASSES``, or ``OTHER``.
        words (list[str]): ``[N]``, what they are called.
    """
    features: Tensor
    labels: Tensor
    words: List[str]


def train_clip(out: str, steps: int = 600, seed: int = 0) -> None:
    """Train the CLIP and write it as fp16 safetensors.

    Args:
        out (str): File to write, ``*.safetensors``.
        steps (int): Optimiser steps.
        seed (int): Of weights, views and captions.

    Raises:
        ImportError: If the ImageNet network is not installed.
    """
    torch.manual_seed(seed)
    model = build_clip(CLIP_NAME).train()
    load_trunk(model.visual.trunk)
    photos, others = load_photos('train'), load_others()
    regions = look_at(model, make_views(photos, others, seed), seed)
    lock_image_tower(model, regions.features)
    train_text_tower(model, regions, steps, seed)
    names = sorted({*sum(NAMES.values(), ()), *regions.words})
    vocabulary = open_clip.get_tokenizer(CLIP_NAME)(
        make_prompts(names, 'vild')).unique()
    save(model, out, vocabulary, 'mini benchmark captions')


def make_views(photos: Photos, others: Sequence[CutOut],
               seed: int) -> List[List[View]]:
    """Scenes of a set that the benchmark does not show, and all objects."""
    rng = np.random.default_rng([seed, 2])
    objects = [*sum(photos.things.values(), []), *others]
    return [[scene_view(photos, index, seed)
             for index in trange(SCENES, desc='scenes', mininterval=2)],
            [object_view(cut_out, photos, rng) for cut_out in objects
             for _ in range(VIEWS_AN_OBJECT)]]


@torch.no_grad()
def look_at(model: nn.Module, views: Sequence[Sequence[View]], seed: int,
            batch_size: int = 16) -> Regions:
    """Features of all regions, in other colours and flipped at random.

    Args:
        model (nn.Module): The CLIP.
        views (Sequence[Sequence[View]]): Lists of views of one size each.
        seed (int): Of colours and flips.
        batch_size (int): Defaults to 16.
    """
    tower = image_tower(model.visual.eval(), CLIP_NAME)
    rng = np.random.default_rng([seed, 3])
    batches = [group[k:k + batch_size] for group in views
               for k in range(0, len(group), batch_size)]
    features, labels, words = [], [], []
    for batch in tqdm(batches, desc='features', mininterval=2):
        images, masks = make_batch(batch, rng)
        pooled, valid = pool_regions(dense_features(tower, images), masks)
        kept = valid.nonzero().flatten().tolist()
        features.append(pooled[kept])
        every_label = np.concatenate([view.labels for view in batch])
        every_word = [word for view in batch for word in view.words]
        labels.append(torch.from_numpy(every_label[kept]).long())
        words += [every_word[k] for k in kept]
    return Regions(torch.cat(features), torch.cat(labels), words)


def lock_image_tower(model: nn.Module, features: Tensor) -> None:
    """Let the projection give principal components; nothing is trained.

    Args:
        model (nn.Module): The CLIP.
        features (Tensor): ``[N, F]``, N at least the width of its space.
    """
    projection = model.visual.head.proj
    mean = features.mean(0)
    _, scale, axes = torch.pca_lowrank(
        features - mean, projection.out_features, center=False)
    # Of more equal weight than they have; the last ones are mostly noise.
    axes = (axes / (scale / scale[0]).sqrt()).T
    projection.weight.data.copy_(axes)
    projection.bias.data.copy_(-axes @ mean)
    model.visual.requires_grad_(False)


def train_text_tower(model: nn.Module, regions: Regions, steps: int,
                     seed: int) -> None:
    """Let captions meet the regions that they name.

    Each class is shown as often as all that is no class of the benchmark.
    """
    images = F.normalize(model.visual.head(regions.features), dim=-1).detach()
    rng = np.random.default_rng([seed, 4])
    captions = Captions(rng, partial(open_clip.get_tokenizer(CLIP_NAME),
                                     context_length=WORDS))
    # The mask is causal and no part of the weights: shorter texts give the
    # same features in less time.
    whole = model.text.attn_mask
    model.text.attn_mask = whole[:WORDS, :WORDS]
    _, group, counts = regions.labels.unique(return_inverse=True,
                                             return_counts=True)
    weights = 1 / counts[group].double()
    optimiser = build_optimiser(model)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1, (step + 1) / 50) *
        (0.5 + 0.5 * math.cos(math.pi * step / steps)))
    bar = trange(steps, desc='text tower', mininterval=2)
    for _ in bar:
        chosen = torch.multinomial(weights, BATCH, replacement=True)
        losses = _losses(model, captions, images[chosen],
                         regions.labels[chosen],
                         [regions.words[k] for k in chosen.tolist()])
        optimiser.zero_grad()
        sum(losses).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        model.logit_scale.data.clamp_(max=math.log(100))
        bar.set_postfix_str(' '.join(f'{loss:.2f}' for loss in losses),
                            refresh=False)
    model.text.attn_mask = whole


def _losses(model: nn.Module, captions: Captions, images: Tensor,
            labels: Tensor, words: List[str]) -> Tuple[Tensor, Tensor]:
    """Contrastive losses by class, and by the words for the very object."""
    tokens, text_labels = captions.of_classes()
    more, numbers, region_numbers = captions.of_words(words)
    texts = model.encode_text(torch.cat((tokens, more)))
    known, scale = (labels >= 0) & (labels < len(CLASSES)), model.logit_scale
    return (contrastive_loss(images[known], labels[known],
                             texts[:len(tokens)], text_labels, scale),
            0.5 * contrastive_loss(images, region_numbers,
                                   texts[len(tokens):], numbers, scale))
