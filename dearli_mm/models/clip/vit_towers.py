"""Image towers of CLIPs that are plain ViTs, SigLIP's among them."""
from typing import List

import torch
from torch import Tensor, nn

from dearli_mm.functional.resizing import resize_for_patches
from dearli_mm.utils.lazy import lazy_module

from .image_tower import ImageTower

open_clip, timm = lazy_module('open_clip'), lazy_module('timm')


class ViTTower(ImageTower):
    """open_clip's ViT, that of OpenAI's and LAION's CLIPs.

    Its only stage is the map of patch tokens before the last block. That
    block mixes what is local into one opinion of the image, so for dense
    features each token goes through it alone: attention over a single token
    is its value. Position embeddings are resized to the image, and images to
    a stride of 16 where patches have another size. Source: MaskCLIP (Zhou et
    al., Extract Free Dense Labels from CLIP, ECCV 2022).
    """

    @classmethod
    def fits(cls, visual: nn.Module) -> bool:
        """Whether it is such a ViT, and pools tokens as they are."""
        return isinstance(visual, open_clip.transformer.VisionTransformer) \
            and visual.attn_pool is None and visual.pool_type != 'none'

    @property
    def channels(self) -> List[int]:
        return [self.visual.conv1.out_channels]

    def trained_modules(self, count: int) -> List[nn.Module]:
        raise ValueError(
            'frozen=False: the ViT of a CLIP recognises, and is not trained; '
            'leave it out, or take TimmViT for a ViT that is')

    def set_checkpointing(self, enabled: bool) -> None:
        pass  # a frozen tower keeps nothing for a backward pass

    def stages(self, images: Tensor) -> List[Tensor]:
        return [self._patch_tokens(resize_for_patches(
            images, self._patch_size))]

    def dense_features(self, last: Tensor) -> Tensor:
        """See :class:`ImageTower`; the map has as many channels as before."""
        single = last.movedim(1, -1).flatten(0, 2)[:, None]
        return self._last_block(single).view(
            last.movedim(1, -1).shape).movedim(-1, 1)

    def embed(self, pooled: Tensor) -> Tensor:
        return pooled @ self.visual.proj

    @property
    def _patch_size(self) -> int:
        return self.visual.patch_size[0]

    def _patch_tokens(self, images: Tensor) -> Tensor:
        """Before the last block, [B, C, h, w], of images [B, 3, H, W]."""
        visual = self.visual
        maps = visual.conv1(images)
        positions = timm.layers.resample_abs_pos_embed(
            visual.positional_embedding[None], list(maps.shape[2:]),
            list(visual.grid_size), num_prefix_tokens=1)
        tokens = visual.ln_pre(positions + torch.cat(
            (visual.class_embedding.to(maps.dtype).expand(len(maps), 1, -1),
             maps.flatten(2).transpose(1, 2)), 1))
        for block in visual.transformer.resblocks[:-1]:
            tokens = block(tokens)
        return tokens[:, 1:].transpose(1, 2).unflatten(2, maps.shape[2:])

    def _last_block(self, tokens: Tensor) -> Tensor:
        """And the norm behind it, of tokens [N, 1, C]."""
        block = self.visual.transformer.resblocks[-1]
        return self.visual.ln_post(block(tokens))


class TimmViTTower(ViTTower):
    """A plain ViT of timm: SigLIP, SigLIP 2, EVA-CLIP.

    A mask's mean token is pooled as an image of equal tokens would be: by
    SigLIP's attention pooling, too, which is its value then.

    Args:
        visual (nn.Module): The tower of open_clip.
        model_name (str): Name of the open_clip model.
    """

    def __init__(self, visual: nn.Module, model_name: str) -> None:
        super().__init__(visual)
        # open_clip builds it for one size of images.
        name = open_clip.get_model_config(model_name)['vision_cfg'][
            'timm_model_name']
        trunk = visual.trunk
        other = timm.create_model(name, dynamic_img_size=True, depth=1)
        trunk.dynamic_img_size = True
        for name in ('patch_embed', 'rope'):
            if getattr(trunk, name, None) is not None:
                part = getattr(other, name)
                part.load_state_dict(getattr(trunk, name).state_dict())
                setattr(trunk, name, part)

    @classmethod
    def fits(cls, visual: nn.Module) -> bool:
        trunk = visual.trunk
        vits = (timm.models.vision_transformer.VisionTransformer,
                timm.models.eva.Eva)
        return isinstance(trunk, vits) \
            and isinstance(trunk.patch_embed, timm.layers.PatchEmbed) \
            and bool(trunk.attn_pool or trunk.global_pool)

    @property
    def channels(self) -> List[int]:
        return [self.visual.trunk.embed_dim]

    def embed(self, pooled: Tensor) -> Tensor:
        trunk = self.visual.trunk
        tokens = pooled.reshape(-1, 1, pooled.shape[-1]).expand(
            -1, trunk.num_prefix_tokens + 1, -1)
        return self.visual.head(trunk.forward_head(tokens)).view(
            *pooled.shape[:-1], -1)

    @property
    def _patch_size(self) -> int:
        return self.visual.trunk.patch_embed.patch_size[0]

    def _patch_tokens(self, images: Tensor) -> Tensor:
        trunk = self.visual.trunk
        return trunk.forward_intermediates(
            images, indices=[len(trunk.blocks) - 2], stop_early=True,
            intermediates_only=True)[0]

    def _last_block(self, tokens: Tensor) -> Tensor:
        trunk = self.visual.trunk
        return trunk.norm(trunk.blocks[-1](tokens))
