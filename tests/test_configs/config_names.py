"""The name of a config is its specification; this reads names."""
import re
from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional

from mmengine.config import Config

ROOT = Path(__file__).parents[2]
FAMILIES = ('dear', 'dearli', 'baselines', 'sam_warmup')

_NAME = re.compile(r'(?P<method>dear|dearli|supervised|mean-teacher|zero-shot|'
                   r'sam-warmup)_'
                   r'(?P<network>clip-convnext-b|clip-convnext-l|r50)_'
                   r'((?P<batch>1xb8\+8-80k|1xb8-80k|1xb16-160k)_)?'
                   r'(?P<data>ade20k|coco-panoptic|coco-objects|coco|'
                   r'cityscapes|voc2012)'
                   r'(-(?P<fraction>1-\d+|full))?'
                   r'-(?P<crop>640|512|768)x(?P=crop)')


class Spec(NamedTuple):
    """What the name of a config promises.

    Attributes:
        method (str): ``'dear'``, ..., ``'sam-warmup'``.
        network (str): ``'clip-convnext-b'``, ``'clip-convnext-l'``, ``'r50'``.
        batch (str, optional): Batch and steps; ``None`` for no training.
        data (str): ``'ade20k'``, ``'coco-panoptic'``, ``'coco-objects'``,
            ``'cityscapes'``, ``'voc2012'``.
        fraction (str, optional): Labelled share, ``'1-128'``, ``'full'``.
        crop (int): Side of the crop.
    """
    method: str
    network: str
    batch: Optional[str]
    data: str
    fraction: Optional[str]
    crop: int


def zoo() -> List[Path]:
    """All configs of the paper's size."""
    return sorted(path for family in FAMILIES
                  for path in (ROOT / 'configs' / family).glob('*.py')
                  if 'tiny-clip' not in path.name)


def spec_of(path: Path) -> Spec:
    """Read a name; it must be one of the scheme."""
    match = _NAME.fullmatch(path.stem)
    assert match, f'{path.name} does not follow the scheme of names'
    fields = match.groupdict()
    if fields['data'] == 'coco':  # the warm-up needs no classes
        fields['data'] = 'coco-panoptic'
    return Spec(**dict(fields, crop=int(fields['crop'])))


def flat(node, key: str = '') -> Dict[str, Any]:
    """A config as a dict of dotted keys, lists included."""
    if isinstance(node, Config):
        node = node._cfg_dict.to_dict()
    if isinstance(node, dict):
        items = node.items()
    elif isinstance(node, (list, tuple)):
        items = enumerate(node)
    else:
        return {key: node}
    return {k: v for name, child in items
            for k, v in flat(child, f'{key}.{name}').items()}


@lru_cache(maxsize=None)
def load(path: Path) -> Config:
    """A resolved config; shared, so not to be changed."""
    return Config.fromfile(path)
