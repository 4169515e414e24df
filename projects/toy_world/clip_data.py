"""Training pairs of the tiny CLIP: toy-world views, regions, captions."""
from __future__ import annotations

from typing import Callable, List, Sequence, Tuple

import cv2
import numpy as np
import torch
from torch import Tensor

from dearli_mm.models.clip.class_prompts import TEMPLATES, make_prompts

from .scenes import CLASSES, THING_CLASSES, Scene, render_scene, synonyms_of

MEAN = torch.tensor([122.7709383, 116.7460125, 104.09373615]).view(3, 1, 1)
STD = torch.tensor([68.5005327, 66.6321579, 70.32316305]).view(3, 1, 1)


class ScenePool:
    """A pool of renderings, a few of which are replaced at every draw.

    Rendering a whole batch anew would cost more than the training step does; a
    slowly changing pool keeps scenes from being learnt by heart.

    Args:
        seed: Set of scenes to render.
        rng: Source of choices and augmentation.
        capacity: Scenes kept.
        fresh: Scenes replaced per draw.
    """

    def __init__(self, seed: int, rng: np.random.Generator,
                 capacity: int = 1200, fresh: int = 4) -> None:
        self._seed, self._rng, self._fresh = seed, rng, fresh
        print(f'rendering the first {capacity} scenes', flush=True)
        self._scenes = [render_scene(seed, i) for i in range(capacity)]
        self._rendered = capacity

    def draw(self, scenes: int, crops: int
             ) -> Tuple[Tensor, List[Tensor], List[Tensor]]:
        """Draws a batch.

        Returns:
            Normalised images ``[B, 3, H, W]``; per image bool masks
            ``[n_i, H, W]`` and labels ``[n_i]`` of its regions.
        """
        for _ in range(self._fresh):
            self._scenes[self._rendered % len(self._scenes)] = render_scene(
                self._seed, self._rendered)
            self._rendered += 1
        chosen = self._rng.integers(len(self._scenes), size=scenes + crops)
        views = [
            self._zoom(self._scenes[i]) if k < scenes else
            crop_region(self._scenes[i], self._rng)
            for k, i in enumerate(chosen)
        ]
        images, masks, labels = zip(*(self._flip(*view) for view in views))
        return normalise(images), list(masks), list(labels)

    def _zoom(self, scene: Scene) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Half of the time enlarges a random window of the scene."""
        size = len(scene.image)
        side = size
        if self._rng.random() < 0.5:
            side = int(self._rng.integers(size // 2, size))
        top, left = self._rng.integers(size - side + 1, size=2)
        window = np.s_[top:top + side, left:left + side]
        image = cv2.resize(scene.image[window], (size, size))
        ids = cv2.resize(scene.segment_map[window], (size, size),
                         interpolation=cv2.INTER_NEAREST)
        view = Scene(image, ids, scene.labels)
        return image, view.masks, np.array(scene.labels)

    def _flip(self, image: np.ndarray, masks: np.ndarray, labels: np.ndarray
              ) -> Tuple[np.ndarray, Tensor, Tensor]:
        """Flips, and shifts brightness and contrast."""
        for axis in (0, 1):
            if self._rng.random() < 0.5:
                image, masks = np.flip(image, axis), np.flip(masks, axis + 1)
        image = (image.astype(np.float32) - 128) * self._rng.uniform(0.8, 1.2)
        image = np.clip(image + 128 + self._rng.uniform(-20, 20), 0, 255)
        return image, torch.from_numpy(masks.copy()), torch.from_numpy(labels)


def crop_region(scene: Scene, rng: np.random.Generator,
                things_only: bool = False
                ) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cuts a square around one segment and enlarges it to the scene's size.

    Args:
        scene: A scene; it holds at least one thing if ``things_only``.
        rng: Chooses the segment and the margin.
        things_only: Leave stuff out.

    Returns:
        Image uint8 ``[H, W, 3]``, region bool ``[1, H, W]`` and label ``[1]``.
        The region is the whole crop where the segment fills at least half of
        it (an ordinary captioned image), else the segment.
    """
    labels = np.array(scene.labels)
    choices = np.flatnonzero((labels < len(THING_CLASSES)) | (not things_only))
    chosen = int(rng.choice(choices))
    mask = scene.segment_map == chosen + 1
    rows, columns = np.nonzero(mask)
    size = len(mask)
    if labels[chosen] < len(THING_CLASSES):
        extent = max(np.ptp(rows), np.ptp(columns)) + 1
        side = int(min(size, extent * rng.uniform(1.0, 1.35)))
        row, column = rows.min() + rows.max(), columns.min() + columns.max()
        row, column = row / 2, column / 2
    else:
        side = int(np.clip(np.sqrt(len(rows)) * 0.8, 24, size))
        pick = rng.integers(len(rows))
        row, column = rows[pick], columns[pick]
    top = int(np.clip(row - side / 2, 0, size - side))
    left = int(np.clip(column - side / 2, 0, size - side))
    window = np.s_[top:top + side, left:left + side]
    image = cv2.resize(scene.image[window], (size, size))
    region = cv2.resize(mask[window].astype(np.uint8), (size, size),
                        interpolation=cv2.INTER_NEAREST) > 0
    if region.mean() >= 0.5:
        region = np.ones_like(region)
    return image, region[None], labels[chosen:chosen + 1]


class CaptionSampler:
    """Draws captions: every class and synonym in a few random templates.

    Args:
        rng: Source of the templates.
        tokenise: Turns a list of texts into tokens ``[T, 77]``.
        templates: Templates per synonym in one draw.
    """

    def __init__(self, rng: np.random.Generator,
                 tokenise: Callable[[List[str]], Tensor],
                 templates: int = 2) -> None:
        self._rng, self._tokenise = rng, tokenise
        self._templates = templates

    def draw(self) -> Tuple[Tensor, Tensor]:
        """Returns tokens ``[T, 77]`` and the class ``[T]`` of each caption."""
        texts, labels = [], []
        for label in range(len(CLASSES)):
            for name in synonyms_of(label):
                for template in self._rng.choice(
                        TEMPLATES['vild'], self._templates):
                    texts.append(str(template).format(name))
                    labels.append(label)
        return self._tokenise(texts), torch.tensor(labels)

    @property
    def vocabulary(self) -> Tensor:
        """All token ids that any caption can hold, sorted."""
        names = [name for k in range(len(CLASSES)) for name in synonyms_of(k)]
        texts = make_prompts(names, 'vild')
        return self._tokenise(texts).unique()


def normalise(images: Sequence[np.ndarray]) -> Tensor:
    """Stacks RGB images ``[H, W, 3]`` in 0..255 to CLIP's ``[B, 3, H, W]``."""
    batch = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float()
    return (batch - MEAN) / STD
