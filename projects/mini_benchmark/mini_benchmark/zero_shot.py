"""What the CLIP says of objects that it has never seen."""
from __future__ import annotations

from typing import Dict, Iterator, List, NamedTuple, Sequence

import numpy as np
import pandas as pd
import torch
from torch import nn

from dearli_mm.models.clip import CLIPTextClassifier, build_clip
from dearli_mm.models.clip.image_towers import image_tower
from projects.toy_world.clip_data import normalise
from projects.toy_world.clip_training import (classify_embeddings,
                                              pool_regions)

from .scenes import compose_scene
from .sources import CLASSES, THINGS, load_photos
from .tower import CLIP_NAME, dense_features
from .views import NAMES, View, object_view

PROMPTS = [', '.join(NAMES[name]) for name in CLASSES]


class Hits(NamedTuple):
    """Regions that were named.

    Attributes:
        truth (np.ndarray): int ``[N]``, their classes.
        right (np.ndarray): bool ``[N]``, whether CLIP said so.
    """
    truth: np.ndarray
    right: np.ndarray


def measure_zero_shot(weights: str, views_an_object: int = 8,
                      scenes: int = 150) -> Dict[str, Hits]:
    """Zero-shot classes of regions.

    Args:
        weights (str): File of the CLIP.
        views_an_object (int): Of single objects, on grounds of their subset.
        scenes (int): Scenes of the benchmark's validation; true masks.

    Returns:
        dict[str, Hits]: Of ``'train objects'``, ``'val objects'`` and
        ``'val masks'``.
    """
    clip = build_clip(CLIP_NAME, weights).eval()
    texts = CLIPTextClassifier(PROMPTS, CLIP_NAME, weights, cache_dir=None)
    views = {
        f'{subset} objects': _object_views(subset, views_an_object)
        for subset in ('train', 'val')
    }
    views['val masks'] = _scene_views(scenes)
    return {name: _name(clip, texts, list(group))
            for name, group in views.items()}


def _object_views(subset: str, count: int) -> Iterator[View]:
    photos = load_photos(subset)
    rng = np.random.default_rng(2**20)
    for cut_outs in photos.things.values():
        for cut_out in cut_outs:
            for _ in range(count):
                yield object_view(cut_out, photos, rng)


def _scene_views(count: int) -> Iterator[View]:
    """Validation scenes as the networks of the benchmark see them."""
    photos = load_photos('val')
    for index in range(count):
        scene = compose_scene(photos, 'val', index)
        yield View(scene.image, scene.masks, np.array(scene.labels), [], [])


@torch.no_grad()
def _name(clip: nn.Module, texts: CLIPTextClassifier,
          views: Sequence[View], batch_size: int = 64) -> Hits:
    guesses: List[np.ndarray] = []
    tower = image_tower(clip.visual, CLIP_NAME)
    for first in range(0, len(views), batch_size):
        batch = views[first:first + batch_size]
        images = normalise([view.image for view in batch])
        pooled, _ = pool_regions(dense_features(tower, images),
                                 [torch.from_numpy(view.masks)
                                  for view in batch])
        guesses.append(classify_embeddings(tower.embed(pooled), texts,
                                           clip.logit_scale).numpy())
    truth = np.concatenate([view.labels for view in views])
    return Hits(truth, np.concatenate(guesses) == truth)


def accuracy_table(hits: Dict[str, Hits]) -> str:
    """Accuracies in percent as Markdown: a row per class, a column per kind.
    """
    groups = {name: [k] for k, name in enumerate(CLASSES)}
    groups['**things**'] = range(len(THINGS))
    groups['**stuff**'] = range(len(THINGS), len(CLASSES))
    groups['**all**'] = range(len(CLASSES))
    table = pd.DataFrame({
        kind: {name: 100 * pd.Series(hit.right)[
            np.isin(hit.truth, list(labels))].mean()
            for name, labels in groups.items()}
        for kind, hit in hits.items()
    }).rename_axis('class')
    return table.map('{:.1f}'.format).replace('nan', '-').to_markdown(
        disable_numparse=True)
