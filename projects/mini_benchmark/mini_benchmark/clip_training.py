"""Trains the CLIP of the mini benchmark."""
from __future__ import annotations

import io
import math
import time
from collections import deque
from functools import partial
from pathlib import Path
from typing import Any, Dict, Iterable, List, Sequence, Tuple

import numpy as np
import open_clip
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dearli_mm.models.clip import build_clip
from dearli_mm.models.clip.class_prompts import make_prompts
from dearli_mm.utils.atomic import write_bytes
from projects.toy_world.clip_training import (build_optimiser,
                                              contrastive_loss, dense_features,
                                              embed_pooled, enliven,
                                              pool_regions, save)

from .sources import CutOut, Photos, load_others, load_photos
from .teacher import FEATURES, Teacher, make_targets
from .tower import CLIP_NAME
from .views import (NAMES, OTHER, Captions, View, make_batch, object_view,
                    scene_view, small_copy, small_object)

SCENES, OBJECTS = 12, 40  # views per step
FRESH = 4, 12  # of them made anew; the others are some of the latest
KEPT = 240, 720  # of the latest views
WORDS = 24  # tokens a caption; the longest has fewer
INTERVAL = 100  # steps between lines of progress, and saved states


def train_clip(out: str, steps: int = 2000, seed: int = 0,
               with_teacher: bool = True) -> None:
    """Train the CLIP and write it as fp16 safetensors.

    A run that was stopped goes on from its last state, which lies beside the
    file as long as that is not written; only the latest views are drawn anew.

    Args:
        out (str): File to write, ``*.safetensors``.
        steps (int): Optimiser steps.
        seed (int): Of weights, views and captions.
        with_teacher (bool): Whether an ImageNet network helps; see
            :mod:`mini_benchmark.teacher`.

    Raises:
        ValueError: If a run of other settings was stopped there.
    """
    state = _SavedState(out, dict(steps=steps, seed=seed,
                                  with_teacher=with_teacher))
    torch.manual_seed(seed)
    rng = np.random.default_rng([seed, 3])
    photos, others = load_photos('train'), load_others()
    targets = make_targets(Teacher(), photos, others,
                           rng) if with_teacher else {}
    model = build_clip(CLIP_NAME).train()
    enliven(model)
    learner = Learner(model, small_copy(photos),
                      [small_object(other) for other in others], targets, seed)
    optimiser = build_optimiser(learner)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1, (step + 1) / 100) *
        (0.5 + 0.5 * math.cos(math.pi * step / steps)))
    first = state.load(learner, optimiser, schedule)
    start, running = time.time(), torch.zeros(3)
    for step in range(first + 1, steps + 1):
        losses = learner()
        optimiser.zero_grad()
        losses.sum().backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        model.logit_scale.data.clamp_(max=math.log(100))
        running += losses.detach()
        if step % INTERVAL == 0 or step == steps:
            left = (time.time() - start) / (step - first) * (steps - step)
            parts = ' '.join(f'{part:.3f}'
                             for part in running / ((step - 1) % INTERVAL + 1))
            print(f'step {step}/{steps}  losses {parts}'
                  f'  time left {left / 60:.1f} min', flush=True)
            running.zero_()
            state.save(step, learner, optimiser, schedule)
    save(model, out, learner.vocabulary(), 'mini benchmark captions')
    state.remove()


class _SavedState:
    """What a stopped run needs to go on.

    Args:
        out (str): File that the run is to write.
        settings (dict): Arguments that must be the same.

    Raises:
        ValueError: If they are not.
    """

    def __init__(self, out: str, settings: Dict[str, Any]) -> None:
        self.path = Path(f'{out}.state')
        self.settings = settings
        self._found = None
        if self.path.exists():
            self._found = torch.load(self.path, weights_only=True)
            if self._found['settings'] != settings:
                raise ValueError(
                    f'{self.path} is of a run of {self._found["settings"]}, '
                    f'but this one is of {settings}: use the same, or remove '
                    'the file to start anew')

    def load(self, learner: Learner, *parts: Any) -> int:
        """Put the state back; returns the steps that were taken."""
        if self._found is None:
            return 0
        learner.load_state_dict(self._found['learner'])
        learner.scenes = self._found['scenes']
        learner.rng.bit_generator.state = self._found['rng']
        for part, state in zip(parts, self._found['parts']):
            part.load_state_dict(state)
        print(f'goes on after step {self._found["step"]} ({self.path})')
        return self._found['step']

    def save(self, step: int, learner: Learner, *parts: Any) -> None:
        """Write the state, all or nothing."""
        buffer = io.BytesIO()
        torch.save(
            dict(settings=self.settings, step=step, scenes=learner.scenes,
                 rng=learner.rng.bit_generator.state,
                 learner=learner.state_dict(),
                 parts=[part.state_dict() for part in parts]), buffer)
        write_bytes(self.path, buffer.getvalue())

    def remove(self) -> None:
        """The file that it was for is complete."""
        self.path.unlink(missing_ok=True)


class Learner(nn.Module):
    """The CLIP, and what it needs to learn.

    Args:
        model (nn.Module): The CLIP.
        photos (Photos): Of the training subset.
        others (Sequence[CutOut]): Objects of no class.
        targets (dict[str, Tensor]): What regions of a name are to meet; see
            :func:`make_targets`. May be empty.
        seed (int): Of views and captions.
    """

    def __init__(self, model: nn.Module, photos: Photos,
                 others: Sequence[CutOut], targets: Dict[str, Tensor],
                 seed: int = 0) -> None:
        super().__init__()
        self.model, self.photos, self.targets = model, photos, targets
        # Each class as often as all that is no class of the benchmark.
        self.groups = [*photos.things.values(), list(others)]
        self.seed, self.rng = seed, np.random.default_rng([seed, 2])
        self.scenes = 0  # that were made
        self.latest = [deque(maxlen=count) for count in KEPT]
        self.to_targets = nn.Linear(model.visual.trunk.num_features, FEATURES)
        self.tokenise = partial(
            open_clip.get_tokenizer(CLIP_NAME), context_length=WORDS)
        self.captions = Captions(self.rng, self.tokenise)
        # The mask is causal and no part of the weights: shorter texts give
        # the same features in less time.
        text = model.text
        text.attn_mask = text.attn_mask[:WORDS, :WORDS]

    def forward(self) -> Tensor:
        """Losses ``[3]`` of a batch: classes, words, targets."""
        pooled, used, views = [], [], []
        for group in self._draw():
            images, masks = make_batch(group, self.rng)
            features, valid = pool_regions(
                dense_features(self.model, images), masks)
            pooled.append(features[valid])
            used += valid.tolist()
            views += group
        pooled = torch.cat(pooled)

        def of_used(values: Iterable) -> list:
            return [value for value, valid in zip(values, used) if valid]

        labels = torch.tensor(of_used(k for v in views for k in v.labels))
        words = of_used(word for view in views for word in view.words)
        names = of_used(name for view in views for name in view.names)
        by_class, by_word = self._contrast(
            embed_pooled(self.model, pooled), labels, words)
        missed = pooled.new_zeros(())
        if self.targets:
            missed = 1 - F.cosine_similarity(
                self.to_targets(pooled),
                torch.stack([self.targets[name] for name in names])).mean()
        return torch.stack((by_class, 0.5 * by_word, 2 * missed))

    def _draw(self) -> List[List[View]]:
        """Scenes and single objects of a batch."""
        batch = []
        for views, make, count, fresh in zip(
                self.latest, (self._make_scene, self._make_object),
                (SCENES, OBJECTS), FRESH):
            for _ in range(fresh if views else views.maxlen):
                views.append(make())
            batch.append([views[k] for k in
                          self.rng.choice(len(views), count, replace=False)])
        return batch

    def _make_scene(self) -> View:
        self.scenes += 1
        return scene_view(self.photos, self.scenes, self.seed)

    def _make_object(self) -> View:
        group = self.groups[self.rng.integers(len(self.groups))]
        return object_view(group[self.rng.integers(len(group))], self.photos,
                           self.rng)

    def _contrast(self, regions: Tensor, labels: Tensor,
                  words: List[str]) -> Tuple[Tensor, Tensor]:
        tokens, text_labels = self.captions.of_classes()
        more, numbers, region_numbers = self.captions.of_words(words)
        texts = self.model.encode_text(torch.cat((tokens, more)))
        scale, known = self.model.logit_scale, labels != OTHER
        return (contrastive_loss(regions[known], labels[known],
                                 texts[:len(tokens)], text_labels, scale),
                contrastive_loss(regions, region_numbers,
                                 texts[len(tokens):], numbers, scale))

    def vocabulary(self) -> Tensor:
        """All token ids that any caption can hold, sorted."""
        names = {name for names in NAMES.values() for name in names}
        names.update(cut_out.words for group in self.groups
                     for cut_out in group)
        return self.tokenise(make_prompts(sorted(names), 'vild')).unique()
