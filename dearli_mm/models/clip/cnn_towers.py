"""Image towers of CLIPs that are CNNs: what differs from kind to kind."""
from typing import List, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dearli_mm.functional.resizing import resize_logits
from dearli_mm.utils.lazy import lazy_module

from .image_tower import ImageTower

open_clip, timm = lazy_module('open_clip'), lazy_module('timm')

STAGES = 4
# Between the last stage of a timm model and its pooling, where there is any.
_AFTER_STAGES = ('norm_pre', 'final_conv', 'conv_head', 'bn2')


class TimmTower(ImageTower):
    """A CNN of timm: ConvNeXt, the tower of the paper, EfficientNet, ...

    Source: FC-CLIP, whose ConvNeXt is the case that it describes.
    """

    @classmethod
    def fits(cls, visual: nn.Module) -> bool:
        """Whether the stages can be had, and dense features follow."""
        trunk = visual.trunk
        if isinstance(trunk, timm.models.convnext.ConvNeXt):
            return True  # without a look at its maps, which takes a while
        info = getattr(trunk, 'feature_info', None)
        if not info or not hasattr(trunk, 'forward_intermediates'):
            return False
        strides = [stage['reduction'] for stage in info][-STAGES:]
        if strides not in ([4, 8, 16, 32], [4, 8, 16, 16]):
            return False
        training = trunk.training
        images = torch.zeros(1, 3, 64, 64)
        with torch.no_grad():
            tower = cls(visual)
            expected = trunk.eval().forward_features(images)
            found = tower.dense_features(tower.stages(images)[-1])
        trunk.train(training)
        return found.shape == expected.shape and torch.equal(found, expected)

    @property
    def channels(self) -> List[int]:
        return [stage['num_chs']
                for stage in self.visual.trunk.feature_info][-STAGES:]

    def trained_modules(self, count: int) -> List[nn.Module]:
        trunk = self.visual.trunk
        # Modules in the order in which they run, up to the stage's.
        name = trunk.feature_info[count - 1 - STAGES]['module']
        found: List[nn.Module] = []
        for child_name, child in trunk.named_children():
            top, _, rest = name.partition('.')
            if child_name == top:
                return found + (list(child[:int(rest) + 1]) if rest
                                else [child])
            found.append(child)
        raise ValueError(f'{type(trunk).__name__} has no module {name!r}')

    def stages(self, images: Tensor) -> List[Tensor]:
        return self.visual.trunk.forward_intermediates(
            images, indices=STAGES, intermediates_only=True)

    def dense_features(self, last: Tensor) -> Tensor:
        trunk = self.visual.trunk
        for name in _after_stages(trunk):
            last = getattr(trunk, name)(last)
        return last

    def embed(self, pooled: Tensor) -> Tensor:
        maps = pooled.reshape(-1, pooled.shape[-1], 1, 1)
        embedding = self.visual.head(self.visual.trunk.forward_head(maps))
        return embedding.view(*pooled.shape[:-1], -1)


class ModifiedResNetTower(ImageTower):
    """OpenAI's ResNet, whose attention pooling looks at a mask's cells alone.

    The query is the mean of all cells, as for an image. A mask without a cell
    looks at all of them. Source: FC-CLIP (its ResNets).
    """

    def __init__(self, visual: nn.Module, output_stride: int) -> None:
        super().__init__(visual)
        if output_stride == 16:
            first, *others = visual.layer4
            first.avgpool = nn.Identity()
            first.downsample[0] = nn.Identity()
            for block in others:
                block.conv2.dilation = block.conv2.padding = (2, 2)

    @property
    def channels(self) -> List[int]:
        return [layer[-1].conv3.out_channels for layer in self._layers()]

    def trained_modules(self, count: int) -> List[nn.Module]:
        visual = self.visual
        return [visual.conv1, visual.bn1, visual.conv2, visual.bn2,
                visual.conv3, visual.bn3, *self._layers()[:count]]

    def set_checkpointing(self, enabled: bool) -> None:
        if enabled:
            raise ValueError('with_cp=True: the ResNets of OpenAI have no '
                             'checkpointing in open_clip')

    def stages(self, images: Tensor) -> List[Tensor]:
        x, stages = self.visual.stem(images), []
        for layer in self._layers():
            x = layer(x)
            stages.append(x)
        return stages

    def embed_masks(self, features: Tensor, mask_logits: Tensor) -> Tensor:
        pool, (height, width) = self.visual.attnpool, features.shape[-2:]
        side = int((len(pool.positional_embedding) - 1)**0.5)
        positions = pool.positional_embedding[1:].T.view(1, -1, side, side)
        cells = features + resize_logits(positions, (height, width))
        mean = features.mean((2, 3)) + pool.positional_embedding[0]
        inside = resize_logits(mask_logits, (height, width)).flatten(2) > 0
        inside |= ~inside.any(-1, keepdim=True)

        def of_heads(values: Tensor) -> Tensor:  # [B, heads, ..., C / heads]
            return values.unflatten(-1, (pool.num_heads, -1)).transpose(1, 2)

        cells = cells.flatten(2).transpose(1, 2)
        query = of_heads(pool.q_proj(mean)[:, None].expand(
            -1, inside.shape[1], -1))
        found = F.scaled_dot_product_attention(
            query, of_heads(pool.k_proj(cells)), of_heads(pool.v_proj(cells)),
            attn_mask=inside[:, None])
        return pool.c_proj(found.transpose(1, 2).flatten(2))

    def embed(self, pooled: Tensor) -> Tensor:
        raise NotImplementedError(
            'the attention pooling of a ResNet needs the cells of a mask, not '
            'their mean: use embed_masks')

    def _layers(self) -> List[nn.Module]:
        visual = self.visual
        return [visual.layer1, visual.layer2, visual.layer3, visual.layer4]


def _after_stages(trunk: nn.Module) -> Sequence[str]:
    names = [name for name, _ in trunk.named_children()]
    stages = trunk.feature_info[-1]['module'].split('.')[0]
    behind = names[names.index(stages) + 1:]
    if 'global_pool' in behind:  # MobileNetV3 has its conv_head behind it
        behind = behind[:behind.index('global_pool')]
    return [name for name in behind if name in _AFTER_STAGES]


def dilate(visual: nn.Module, model_name: str, output_stride: int) -> None:
    """Give the trunk the layers of the same network with another stride.

    Args:
        visual (nn.Module): The tower, a timm model in open_clip.
        model_name (str): Name of the open_clip model.
        output_stride (int): Of the last stage.

    Raises:
        ValueError: If the network cannot have it.
    """
    trunk = visual.trunk
    name = open_clip.get_model_config(model_name)['vision_cfg'][
        'timm_model_name']
    try:
        other = timm.create_model(name, output_stride=output_stride)
        last = other.feature_info[-1]['module'].split('.')[0]
        for child_name, child in other.named_children():
            child.load_state_dict(getattr(trunk, child_name).state_dict())
            setattr(trunk, child_name, child)
            if child_name == last:
                break
    except (AssertionError, RuntimeError, TypeError) as error:
        raise ValueError(
            f'output_stride={output_stride}: the image tower of '
            f'{model_name!r} ({type(trunk).__name__}) cannot have it: {error}'
        ) from error
    trunk.feature_info = other.feature_info
