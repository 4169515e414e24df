"""Training pairs of the CLIP: regions of photographs, and their captions.

Objects and grounds are those of the training subset, in scenes of a set that
the benchmark never shows, and single on a ground. A little of the rest of the
world is among them: objects of no class of the benchmark. Views are made
as they are needed, so none can be learnt by heart.
"""
from __future__ import annotations

from typing import Callable, Dict, List, NamedTuple, Sequence, Tuple

import cv2
import numpy as np
import torch
from torch import Tensor

from dearli_mm.models.clip.class_prompts import TEMPLATES
from projects.toy_world.clip_data import normalise

from .scenes import compose_scene, cut_ground, vary_object
from .sources import CLASSES, CutOut, Photos

NAMES: Dict[str, Tuple[str, ...]] = {
    'bird': ('bird', ),
    'mammal': ('mammal', 'animal'),
    'fruit': ('fruit', 'vegetable'),
    'flower': ('flower', 'blossom'),
    'vehicle': ('vehicle', 'car', 'plane', 'ship', 'truck'),
    'coin': ('coin', 'piece of money'),
    'sky': ('sky', 'clouds'),
    'grass': ('grass', 'lawn', 'meadow'),
    'foliage': ('foliage', 'leaves'),
    'rock': ('rock', 'stone'),
    'brick wall': ('brick wall', 'bricks'),
    'wood': ('wood', 'wooden boards'),
}
OTHER = -1  # label of what is of no class
SCENE_SIDE, OBJECT_SIDE = 192, 96
_MIN_PIXELS = 24  # of a region that is learnt


class View(NamedTuple):
    """An image with captioned regions.

    Attributes:
        image (np.ndarray): uint8 ``[H, W, 3]``, RGB.
        masks (np.ndarray): bool ``[n, H, W]``.
        labels (np.ndarray): int ``[n]``, indices into ``CLASSES``, or
            ``OTHER``.
        words (list[str]): ``[n]``, what each region is called.
        names (list[str]): ``[n]``, files of objects, classes of stuff.
    """
    image: np.ndarray
    masks: np.ndarray
    labels: np.ndarray
    words: List[str]
    names: List[str]


def scene_view(photos: Photos, index: int, seed: int) -> View:
    """A scene like those of the benchmark, of a set of its own."""
    scene = compose_scene(photos, 'captions', index, seed, SCENE_SIDE)
    masks = scene.masks
    keep = np.flatnonzero(masks.sum((1, 2)) >= _MIN_PIXELS)
    stuff = [CLASSES[label] for label in scene.labels]
    return View(
        scene.image, masks[keep], np.array(scene.labels)[keep],
        [scene.objects[k].words if scene.objects[k] else stuff[k]
         for k in keep],
        [scene.objects[k].name if scene.objects[k] else stuff[k]
         for k in keep])


def object_view(cut_out: CutOut, photos: Photos, rng: np.random.Generator,
                side: int = OBJECT_SIDE) -> View:
    """One object, almost as large as the image, on some ground."""
    grounds = list(photos.stuff.values())
    image = cut_ground(rng, grounds[rng.integers(len(grounds))], side, side)
    pixels = vary_object(rng, cut_out, side, (0.6, 1.15))
    top, left = ((side - np.array(pixels.shape[:2])) *
                 rng.uniform(0.2, 0.8, 2)).round().astype(int)
    inside = pixels[max(0, -top):side - top, max(0, -left):side - left]
    top, left = max(0, top), max(0, left)
    window = np.s_[top:top + inside.shape[0], left:left + inside.shape[1]]
    alpha = inside[..., 3:]
    image[window] = image[window] * (1 - alpha) + inside[..., :3] * alpha
    mask = np.zeros((1, side, side), bool)
    mask[0][window] = inside[..., 3] > 0.5
    if mask.sum() < _MIN_PIXELS:  # a thin thing: the image as a whole
        mask[:] = True
    label = CLASSES.index(cut_out.label) if cut_out.label in CLASSES else OTHER
    return View(image.astype(np.uint8), mask, np.array([label]),
                [cut_out.words], [cut_out.name])


def make_batch(views: Sequence[View], rng: np.random.Generator
               ) -> Tuple[Tensor, List[Tensor]]:
    """Views, flipped and in other colours: images ``[B, 3, H, W]``, masks."""
    images, masks = [], []
    for view in views:
        image, mask = view.image.astype(np.float32), view.masks
        if rng.random() < 0.5:
            image, mask = image[:, ::-1], mask[..., ::-1]
        images.append(_recolour(image, rng))
        masks.append(torch.from_numpy(mask.copy()))
    return normalise(images), masks


def _recolour(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Brightness, contrast, saturation, cast, and at times noise or blur."""
    grey = image.mean(-1, keepdims=True)
    image = grey + (image - grey) * rng.uniform(0.5, 1.4)
    image = (image - 128) * rng.uniform(0.7, 1.3) + 128
    image = image * rng.uniform(0.85, 1.15, 3) + rng.uniform(-25, 25)
    if rng.random() < 0.2:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.2))
    if rng.random() < 0.3:
        image = image + rng.normal(0, rng.uniform(2, 10), image.shape)
    return np.clip(image, 0, 255).astype(np.float32)


class Captions:
    """Draws captions.

    Args:
        rng (np.random.Generator): Source of the templates.
        tokenise (Callable): Turns a list of texts into tokens ``[T, 77]``.
    """

    def __init__(self, rng: np.random.Generator,
                 tokenise: Callable[[List[str]], Tensor]) -> None:
        self._rng, self._tokenise = rng, tokenise

    def of_classes(self) -> Tuple[Tensor, Tensor]:
        """Tokens and labels of a caption for every name of every class."""
        names = [(name, label) for label, known in enumerate(CLASSES)
                 for name in NAMES[known]]
        return (self._captions([name for name, _ in names]),
                torch.tensor([label for _, label in names]))

    def of_words(self, words: Sequence[str]
                 ) -> Tuple[Tensor, Tensor, Tensor]:
        """Captions for what the regions of a batch are called.

        Returns:
            tuple[Tensor, Tensor, Tensor]: Tokens of the T different words,
            their numbers ``[T]``, and the number of each region ``[N]``.
        """
        different = sorted(set(words))
        numbers = {name: k for k, name in enumerate(different)}
        return (self._captions(different), torch.arange(len(different)),
                torch.tensor([numbers[name] for name in words]))

    def _captions(self, names: Sequence[str]) -> Tensor:
        templates = TEMPLATES['vild']
        chosen = self._rng.integers(len(templates), size=len(names))
        return self._tokenise(
            [templates[k].format(name) for k, name in zip(chosen, names)])
