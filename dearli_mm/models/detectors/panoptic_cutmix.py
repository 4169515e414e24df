"""CutMix of a batch of images with their segments."""
from typing import List, NamedTuple, Optional, Sequence, Tuple

import torch
from torch import Tensor

from dearli_mm.functional import PanopticSegments, cutmix_box
from dearli_mm.functional.cutmix import Box, paste_segments
from dearli_mm.functional.segments import trim_segments

PARTNERS = ('batch', 'fresh')


class Paste(NamedTuple):
    """What is pasted into an image: a box of another image of the batch."""
    partner: int
    box: Box


class PanopticCutMix:
    """Pastes boxes of partner images into new copies of images and labels.

    Source: DEARLi section 3.2.

    Args:
        prob (float): Probability of each image. Defaults to 0.5.
        area (tuple[float, float]): Range of the box's share of the image.
        aspect (tuple[float, float]): Range of its height / width.
        partner (str): ``'batch'`` (default) pastes from the next image of the
            batch; with ``'fresh'`` the second half of the batch serves as
            partners of the first half only.

    Raises:
        ValueError: If ``partner`` is neither.
    """

    def __init__(self,
                 prob: float = 0.5,
                 area: Tuple[float, float] = (0.02, 0.4),
                 aspect: Tuple[float, float] = (0.3, 1 / 0.3),
                 partner: str = 'batch') -> None:
        if partner not in PARTNERS:
            raise ValueError(f'semi_train_cfg.cutmix.partner={partner!r} is '
                             f'none of {PARTNERS}')
        self.prob = prob
        self.area = area
        self.aspect = aspect
        self.partner = partner

    def __call__(
        self, images: Tensor, labels: List[PanopticSegments]
    ) -> Tuple[Tensor, List[PanopticSegments]]:
        """Mix a batch.

        Args:
            images (Tensor): Shape [B, 3, H, W]; stays as it is.
            labels (list[PanopticSegments]): Of each image, [H, W]; need not
                be trimmed.

        Returns:
            tuple[Tensor, list[PanopticSegments]]: Images and labels to learn
            from, B of them (half as many with fresh partners), trimmed.

        Raises:
            ValueError: If fresh partners are asked of an odd batch.
        """
        pastes = self.draw(len(images), images.shape[-2:])
        return (self.mix_images(images, pastes),
                trim_segments(self.mix_labels(labels, pastes)))

    def draw(self, batch_size: int,
             size: Tuple[int, int]) -> List[Optional[Paste]]:
        """Decide what is pasted where; asks neither images nor labels.

        Args:
            batch_size (int): Number of images B.
            size (tuple[int, int]): Their height and width in pixels.

        Returns:
            list[Paste | None]: Of each image to learn from; None for an image
            that stays as it is.

        Raises:
            ValueError: If fresh partners are asked of an odd batch.
        """
        return [
            None if torch.rand(()) >= self.prob or partner == index else Paste(
                partner, cutmix_box(size, self.area, self.aspect))
            for index, partner in enumerate(self._partners(batch_size))
        ]

    @staticmethod
    def mix_images(images: Tensor,
                   pastes: Sequence[Optional[Paste]]) -> Tensor:
        """Paste into copies of images.

        Args:
            images (Tensor): Shape [B, 3, H, W]; stays as it is.
            pastes (Sequence[Paste | None]): See :meth:`draw`.

        Returns:
            Tensor: Shape [len(pastes), 3, H, W].
        """
        mixed = images[:len(pastes)].clone()
        for index, paste in enumerate(pastes):
            if paste is not None:
                y0, x0, y1, x1 = paste.box
                mixed[index, :, y0:y1, x0:x1] = images[paste.partner, :, y0:y1,
                                                       x0:x1]
        return mixed

    @staticmethod
    def mix_labels(labels: Sequence[PanopticSegments],
                   pastes: Sequence[Optional[Paste]]
                   ) -> List[PanopticSegments]:
        """Paste into segments.

        Args:
            labels (Sequence[PanopticSegments]): Of each of B images, [H, W];
                need not be trimmed.
            pastes (Sequence[Paste | None]): See :meth:`draw`.

        Returns:
            list[PanopticSegments]: len(pastes) of them, not trimmed.
        """
        return [
            labels[index] if paste is None else paste_segments(
                labels[index], labels[paste.partner], paste.box)
            for index, paste in enumerate(pastes)
        ]

    def _partners(self, batch_size: int) -> List[int]:
        """Index of the partner of each image that is learnt from."""
        if self.partner == 'batch':
            return [*range(1, batch_size), 0]
        if batch_size % 2:
            raise ValueError(
                "semi_train_cfg.cutmix.partner='fresh' needs an even "
                f'unlabelled batch, but it has {batch_size} images; set '
                'train_dataloader.unlabeled.batch_size to twice the number of '
                'images to learn from')
        return list(range(batch_size // 2, batch_size))
