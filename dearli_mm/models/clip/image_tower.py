"""What every image tower of a CLIP can do."""
from typing import List

from torch import Tensor, nn

from dearli_mm.functional import mask_pool


class ImageTower:
    """Stages with maps, and CLIP's way from the last map to a mask.

    It refers to the modules without owning them.

    Args:
        visual (nn.Module): The tower of open_clip.
    """

    def __init__(self, visual: nn.Module) -> None:
        self.visual = visual

    @property
    def channels(self) -> List[int]:
        """list[int]: Of the stages."""
        raise NotImplementedError

    def trained_modules(self, count: int) -> List[nn.Module]:
        """What the first ``count`` stages depend on."""
        raise NotImplementedError

    def set_checkpointing(self, enabled: bool) -> None:
        """Whether stages run once more for the gradient."""
        self.visual.trunk.set_grad_checkpointing(enabled)

    def stages(self, images: Tensor) -> List[Tensor]:
        """Outputs of all stages, [B, C_i, H / s, W / s]."""
        raise NotImplementedError

    def dense_features(self, last: Tensor) -> Tensor:
        """What masks pool, of the last stage [B, C5, h, w]: [B, F, h, w]."""
        return last

    def embed(self, pooled: Tensor) -> Tensor:
        """Pooled dense features [..., F] in the space of the text."""
        raise NotImplementedError

    def embed_masks(self, features: Tensor, mask_logits: Tensor) -> Tensor:
        """Embeddings of masks.

        Args:
            features (Tensor): Dense features, [B, F, h, w].
            mask_logits (Tensor): [B, Q, H, W]; positive inside.

        Returns:
            Tensor: Not normalised, [B, Q, D].
        """
        return self.embed(mask_pool(features, mask_logits))
