"""CutMix of a batch of images with their segments."""
from typing import List, Optional, Tuple

import torch
from torch import Tensor

from dearli_mm.functional import PanopticSegments, cutmix_box
from dearli_mm.functional.cutmix import Paste, batch_cutmix_panoptic

PARTNERS = ('batch', 'fresh')


class PanopticCutMix:
    """Pastes boxes of partner images into new copies of images and labels.

    Source: DEARLi section 3.2.

    Args:
        prob (float): Probability per image. Defaults to 0.5.
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

    def check_batch_size(self, batch_size: int) -> Optional[str]:
        """Tell, before training, what a batch of that size means.

        Args:
            batch_size (int): Unlabelled images per process.

        Returns:
            str | None: A warning: no image will be mixed.

        Raises:
            ValueError: If fresh partners are asked of an odd batch.
        """
        self._partners(batch_size)
        if batch_size > 1 or self.prob == 0:
            return None
        return ('CutMix is off: with train_dataloader.unlabeled.batch_size=1 '
                'an image has no partner in its batch. Set batch_size=2 and '
                "model.semi_train_cfg.cutmix.partner='fresh' to learn from "
                'one image per GPU, mixed with another, or '
                'model.semi_train_cfg.cutmix.prob=0 to be silent')

    def __call__(
        self, images: Tensor, labels: List[PanopticSegments]
    ) -> Tuple[Tensor, List[PanopticSegments]]:
        """Mix a batch.

        Args:
            images (Tensor): Shape [B, 3, H, W]; stays as it is.
            labels (list[PanopticSegments]): Of each image, [H, W].

        Returns:
            tuple[Tensor, list[PanopticSegments]]: Images and labels to learn
            from, B of them (half as many with fresh partners).

        Raises:
            ValueError: If fresh partners are asked of an odd batch.
        """
        # Drawn on the host: boxes are sizes of slices, which a GPU would have
        # to be waited for.
        pastes = [
            None if torch.rand(()) >= self.prob or partner == index else Paste(
                partner,
                cutmix_box(images.shape[-2:], self.area, self.aspect))
            for index, partner in enumerate(self._partners(len(images)))
        ]
        mixed = images[:len(pastes)].clone()
        for index, paste in enumerate(pastes):
            if paste is not None:
                y0, x0, y1, x1 = paste.box
                # From `images`: what is pasted is never mixed itself.
                mixed[index, :, y0:y1, x0:x1] = images[paste.partner, :, y0:y1,
                                                       x0:x1]
        return mixed, batch_cutmix_panoptic(labels, pastes)

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
