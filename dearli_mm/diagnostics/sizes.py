"""The sizes of a training step that is measured, and its network."""
import copy
import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import List

import open_clip
import timm
import torch
import torch.nn.functional as F
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import nn

from dearli_mm.models.clip import parse_classes

# A small ConvNeXt CLIP beside the ones that open_clip knows: timm's
# convnext_atto (widths 40, 80, 160, 320; depths 2, 2, 6, 2).
ATTO = 'dearli_atto'
ATTO_CONFIG = dict(
    embed_dim=64,
    vision_cfg=dict(
        timm_model_name='convnext_atto',
        timm_model_pretrained=False,
        timm_pool='',
        timm_proj='linear',
        image_size=128),
    text_cfg=dict(
        context_length=77, vocab_size=49408, width=24, heads=3, layers=2))
CLIPS = dict(
    tiny=ATTO,
    base='convnext_base_w_320',
    large='convnext_large_d_320',
    xxlarge='convnext_xxlarge')


@dataclass
class StepSizes:
    """Sizes of one step.

    Attributes:
        clip (str): ``'tiny'``, ``'base'``, ``'large'``, ``'xxlarge'``, or
            the name of an open_clip ConvNeXt.
        crop (int): Side of the square images, a multiple of 32.
        labeled (int): Labelled images per step.
        unlabeled (int): Unlabelled images per step.
        queries (int): Number of queries.
        layers (int): Layers of the mask decoder; one prediction more.
        encoder_layers (int): Layers of the pixel decoder.
        classes (int): Number of classes, a third of them stuff.
        synonyms (int): Names of all classes together.
        points (int): Points per mask.
        segments (int): Segments per image, in labels and pseudo-labels.
    """
    clip: str = 'tiny'
    crop: int = 128
    labeled: int = 2
    unlabeled: int = 2
    queries: int = 50
    layers: int = 3
    encoder_layers: int = 6
    classes: int = 150
    synonyms: int = 403
    points: int = 12544
    segments: int = 12

    def __post_init__(self) -> None:
        if self.crop % 32 or self.crop <= 0:
            raise ValueError(f'crop={self.crop} is not a multiple of 32')
        if self.synonyms < self.classes:
            raise ValueError(
                f'synonyms={self.synonyms} is less than classes='
                f'{self.classes}: every class has at least one name')
        if not 0 < self.segments <= min(self.queries, self.crop):
            raise ValueError(
                f'segments={self.segments} is not in 1..queries='
                f'{self.queries}')

    @classmethod
    def of_config(cls, config: Config, **sizes) -> 'StepSizes':
        """Those of a config's model and loaders, with some given.

        Raises:
            ValueError: If the config has no DEARLi model.
        """
        try:
            detector = config.model['detector']
            head = detector['panoptic_head']
            prompts = parse_classes(head['text_classifier']['classes'])
            found = dict(
                clip=detector['backbone']['model_name'],
                queries=head['num_queries'],
                layers=head['transformer_decoder']['num_layers'],
                encoder_layers=head['pixel_decoder']['encoder']['num_layers'],
                classes=len(prompts),
                synonyms=sum(map(len, prompts)),
                points=detector['train_cfg']['num_points'])
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(
                f'{config.filename}: model.detector is not that of a DEARLi '
                f'on a CLIP backbone; missing: {error}') from error
        return cls(**{**found, **_of_loaders(config), **sizes})

    @property
    def num_things(self) -> int:
        """int: Number of thing classes, which come first."""
        return self.classes - self.classes // 3

    def class_names(self) -> List[str]:
        """list[str]: Made names, synonyms separated by commas."""
        return [
            ','.join(f'class {c} name {n}'
                     for n in range(c, self.synonyms, self.classes))
            for c in range(self.classes)
        ]

    def __str__(self) -> str:
        return '  '.join(f'{k}={v}' for k, v in asdict(self).items())


def _of_loaders(config: Config) -> dict:
    """Crop and images per step, as far as the config's loaders tell."""
    loaders, found = config.get('train_dataloader') or {}, {}
    for part in ('labeled', 'unlabeled'):
        if 'batch_size' in loaders.get(part, {}):
            found[part] = loaders[part]['batch_size']
    dataset = loaders.get('labeled', {}).get('dataset', {})
    pipeline = dataset.get('dataset', dataset).get('pipeline', ())
    crops = [step['size'] for step in pipeline
             if isinstance(step.get('size'), int)]
    return dict(found, crop=crops[-1]) if crops else found


def _make_atto_known() -> None:
    """Add the small CLIP to those of open_clip, which reads files."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f'{ATTO}.json'
        path.write_text(json.dumps(ATTO_CONFIG))
        open_clip.add_model_config(path)


def build_model(config: Config, sizes: StepSizes,
                checkpointing: bool = False) -> nn.Module:
    """A DEARLi model with random weights, ready to train.

    Args:
        config (Config): With a ``model``; the sizes are changed in a copy.
        sizes (StepSizes): What to change.
        checkpointing (bool): Whether the head keeps only the inputs of its
            layers for the backward pass (``panoptic_head.with_cp``).

    Returns:
        nn.Module: On the CPU, in training mode. Class embeddings are random:
        no text tower runs.
    """
    settings = sized_model_config(config, sizes)
    settings['detector']['panoptic_head']['with_cp'] = checkpointing
    model = MODELS.build(settings)
    text_classifier = model.student.panoptic_head.text_classifier
    text_classifier.embeddings = F.normalize(
        torch.randn(sizes.synonyms, text_classifier.embed_dims), dim=-1)
    model.init_weights()
    return model.train()


def sized_model_config(config: Config, sizes: StepSizes) -> dict:
    """``config.model`` with other sizes."""
    init_default_scope('mmdet')
    model = copy.deepcopy(config.model)
    name = CLIPS.get(sizes.clip, sizes.clip)
    if name == ATTO:
        _make_atto_known()
    detector = model['detector']
    detector['backbone'].update(model_name=name, pretrained=None)
    vision = open_clip.get_model_config(name)['vision_cfg']
    with torch.device('meta'):  # its weights are not needed here
        trunk = timm.create_model(vision['timm_model_name'])
    channels = [stage['num_chs'] for stage in trunk.feature_info]
    head = detector['panoptic_head']
    for part in (head, detector['panoptic_fusion_head']):
        part.update(
            num_things_classes=sizes.num_things,
            num_stuff_classes=sizes.classes - sizes.num_things)
    head.update(in_channels=channels, num_queries=sizes.queries)
    head['text_classifier'].update(
        classes=sizes.class_names(), model_name=name, pretrained=None)
    head['pixel_decoder']['encoder'].update(num_layers=sizes.encoder_layers)
    head['transformer_decoder'].update(num_layers=sizes.layers)
    detector['train_cfg'].update(num_points=sizes.points)
    model['semi_train_cfg']['cutmix'].update(prob=1.0)
    return model
