"""The datasets that a config names, without their pipelines."""
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Iterator, List, NamedTuple, Optional, Set, Tuple

from mmdet.registry import DATASETS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch.utils.data import Dataset

from .panoptic_dataset import PanopticDataset


class Part(NamedTuple):
    """One part of the data.

    Attributes:
        name (str): Its place in the config, ``train_dataloader.labeled``.
        settings (dict): Config of the dataset, wrapper included.
        files (AnnotationFiles | None): Of an annotated dataset.
    """
    name: str
    settings: dict
    files: Optional['AnnotationFiles']

    @property
    def role(self) -> str:
        """``labeled``, ``unlabeled``, or ``val`` of all but training."""
        if not self.name.startswith('train'):
            return 'val'
        return self.settings.get('role', 'labeled')


class AnnotationFiles(NamedTuple):
    """Where the annotation of a dataset is.

    Attributes:
        ann_file (str): COCO panoptic JSON.
        images (str): Folder of the images.
        pngs (str): Folder of the panoptic PNG files.
        classes (tuple[str, ...]): Names, in the model's order.
        things (tuple[str, ...]): Those of them that are things.
        dataset_type (str): Class of the dataset.
        is_ours (bool): Whether it is a :class:`PanopticDataset`, which goes
            by names.
    """
    ann_file: str
    images: str
    pngs: str
    classes: tuple
    things: tuple
    dataset_type: str
    is_ours: bool


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
            parts.append(Part(name, settings, _files(settings)))
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


def _files(settings: dict) -> Optional[AnnotationFiles]:
    inner = settings.get('dataset', settings)
    if not isinstance(inner, dict) or not inner.get('ann_file') or \
            not inner.get('data_prefix', {}).get('seg'):
        return None
    # mmengine's own joining of data_root, ann_file and data_prefix.
    dataset = DATASETS.build(dict(inner, pipeline=[], lazy_init=True))
    return AnnotationFiles(dataset.ann_file, dataset.data_prefix['img'],
                           dataset.data_prefix['seg'],
                           tuple(dataset.metainfo.get('classes', ())),
                           tuple(dataset.metainfo.get('thing_classes', ())),
                           type(dataset).__name__,
                           isinstance(dataset, PanopticDataset))


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
    elif part.files is not None:
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
