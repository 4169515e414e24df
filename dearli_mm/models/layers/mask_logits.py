"""Mask logits that are worked out where they are needed."""
from collections.abc import Sequence
from typing import List

import torch
from torch import Tensor

from dearli_mm.functional import Match


class MaskLogits(Sequence):
    """Mask logits of all predictions, kept as the product that they are.

    A sequence of the logits [B, Q, h, w] of each prediction, which is what
    mmdet's heads return. Losses read :meth:`pairs`: unmatched queries have no
    gradient, so that the maps of all queries need not wait for the backward
    pass.

    Args:
        embeds (Tensor): Mask embeddings, shape [L, B, Q, C].
        features (Tensor): Mask features, shape [B, C, h, w].
    """

    def __init__(self, embeds: Tensor, features: Tensor) -> None:
        self.embeds = embeds
        self.features = features

    def __len__(self) -> int:
        return len(self.embeds)

    def __getitem__(self, index: int) -> Tensor:
        """Logits [B, Q, h, w] of one prediction."""
        return _product(self.embeds[index], self.features)

    def float(self) -> 'MaskLogits':
        """The same in float32."""
        return MaskLogits(self.embeds.float(), self.features.float())

    def of_images(self, images: slice) -> 'MaskLogits':
        """Those of some images of the batch."""
        return MaskLogits(self.embeds[:, images], self.features[images])

    def pairs(self, match: Match, counts: List[int]) -> Tensor:
        """Logits of matched queries alone.

        Args:
            match (Match): Of all predictions: tensors [L, N], image by image.
            counts (list[int]): Pairs of each image, N together.

        Returns:
            Tensor: Shape [L, N, h, w].
        """
        layer = torch.arange(len(self), device=match.image.device)
        embeds = self.embeds[layer[:, None], match.image, match.query]
        return torch.cat([
            _product(part, features)
            for part, features in zip(embeds.split(counts, 1), self.features)
        ], 1)


def _product(embeds: Tensor, features: Tensor) -> Tensor:
    """Logits [..., h, w] of embeddings [..., C] on features [..., C, h, w]."""
    logits = embeds @ features.flatten(-2)
    return logits.unflatten(-1, features.shape[-2:])
