"""CutMix of a batch of images with their segments."""
from typing import List, Tuple

import torch
from torch import Tensor

from dearli_mm.functional import PanopticSegments, cutmix_box
from dearli_mm.functional.cutmix import paste_segments
from dearli_mm.functional.segments import trim_segments

PARTNERS = ('batch', 'fresh')


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
        partners = self._partners(len(images))
        mixed_images = images[:len(partners)].clone()
        mixed_labels = labels[:len(partners)]
        for index, other in enumerate(partners):
            if torch.rand(()) >= self.prob or other == index:
                continue
            box = cutmix_box(images.shape[-2:], self.area, self.aspect)
            y0, x0, y1, x1 = box
            mixed_images[index, :, y0:y1, x0:x1] = images[other, :, y0:y1,
                                                          x0:x1]
            mixed_labels[index] = paste_segments(labels[index], labels[other],
                                                 box)
        return mixed_images, trim_segments(mixed_labels)

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
