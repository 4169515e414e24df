"""The datasets that a config names, without their pipelines."""
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Iterator, List, NamedTuple, Optional, Set, Tuple

from mmdet.datasets import CocoPanopticDataset
from mmdet.registry import DATASETS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch.utils.data import Dataset


class Part(NamedTuple):
    """One part of the data.

    Attributes:
        name (str): Its place in the config, ``train_dataloader.labeled``.
        settings (dict): Config of the dataset, wrapper included.
        annotated (CocoPanopticDataset | None): The dataset itself, if it has
            panoptic annotation, before anything is read: its ``ann_file``,
            ``data_prefix`` and ``metainfo``.
    """
    name: str
    settings: dict
    annotated: Optional[CocoPanopticDataset]

    @property
    def role(self) -> str:
        """``labeled``, ``unlabeled``, or ``val`` of all but training."""
        if not self.name.startswith('train'):
            return 'val'
        return self.settings.get('role', 'labeled')


def read_config(path: str) -> Config:
    """Read a config for looking at its data."""
    if not Path(path).is_file():
        raise FileNotFoundError(f'the config {path} is not there')
    config = Config.fromfile(path)
    init_default_scope(config.get('default_scope', 'mmdet'))
    return config


def find_parts(config: Config) -> List[Part]:
    """The parts of training and validation data.

    Raises:
        ValueError: If the config has no data.
    """
    parts = []
    for key in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        loader = config.get(key)
        if not loader or (key == 'test_dataloader'
                          and loader == config.get('val_dataloader')):
            continue
        for name, settings in _datasets(key, loader):
            parts.append(Part(name, settings, _annotated(settings)))
    if not parts:
        raise ValueError('the config has no train_dataloader and no '
                         'val_dataloader')
    return parts


def _datasets(key: str, loader: dict) -> Iterator[tuple]:
    if 'dataset' in loader:
        dataset = loader['dataset']
        # Without, it tells inference its pipeline and classes alone.
        annotated = dataset.get('ann_file') or \
            'seg' not in dataset.get('data_prefix', {})
        if 'type' in dataset and annotated:
            yield key, dataset
        return
    for branch, settings in loader.items():
        if isinstance(settings, dict) and 'dataset' in settings:
            yield f'{key}.{branch}', settings['dataset']


def _annotated(settings: dict) -> Optional[CocoPanopticDataset]:
    inner = settings.get('dataset', settings)
    if not isinstance(inner, dict) or not inner.get('ann_file') or \
            not inner.get('data_prefix', {}).get('seg'):
        return None
    # mmengine's own joining of data_root, ann_file and data_prefix.
    return DATASETS.build(dict(inner, pipeline=[], lazy_init=True))


def build_quietly(settings: dict) -> Dataset:
    """The dataset of a config, without the talk of pycocotools."""
    with redirect_stdout(StringIO()):
        return DATASETS.build(settings)


def part_members(part: Part) -> Tuple[Set[str], List[str]]:
    """Paths of the images of a part, and what its dataset complains of."""
    settings = dict(part.settings)
    # Images are opened elsewhere; serializing costs a second for nothing.
    bare = dict(pipeline=[], serialize_data=False)
    if isinstance(settings.get('dataset'), dict):
        settings['dataset'] = {**settings['dataset'], **bare}
    elif part.annotated is not None:
        settings.update(bare)
    try:
        dataset = build_quietly(settings)
        infos = getattr(dataset, 'infos', None)
        if infos is None:
            dataset = getattr(dataset, 'dataset', dataset)
            infos = [dataset.get_data_info(k) for k in range(len(dataset))]
    except KeyError as error:
        return set(), [f'{part.name}: the annotation has no {error}, which '
                       "type='PanopticDataset' would do without"]
    except (OSError, ValueError) as error:
        return set(), [f'{part.name}: {" ".join(str(error).split())}']
    return {info['img_path'] for info in infos}, []
