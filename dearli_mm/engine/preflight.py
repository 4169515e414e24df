"""What a config needs and this machine lacks, told before any work."""
import os.path as osp
import shutil
from importlib.util import find_spec
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import (Any, Dict, Iterator, List, NamedTuple, Optional, Sequence,
                    Tuple)

from mmengine.config import Config

from dearli_mm.models.clip.loading import build_tokenizer
from dearli_mm.utils.lazy import lazy_module
from dearli_mm.utils.plain_files import is_whole
from dearli_mm.utils.public_files import (how_to_get_annotation,
                                          how_to_get_clip,
                                          how_to_get_masks, how_to_get_split)

open_clip = lazy_module('open_clip')
BACKEND_PACKAGES = dict(
    TensorboardVisBackend='tensorboard', WandbVisBackend='wandb',
    MLflowVisBackend='mlflow', ClearMLVisBackend='clearml',
    NeptuneVisBackend='neptune', DVCLiveVisBackend='dvclive',
    AimVisBackend='aim')
TRAINING = ('train_dataloader', 'val_dataloader')
LEAST_FREE_GIB = 2  # for checkpoints and logs


class Lack(NamedTuple):
    """Something that a config needs and that is not there.

    Attributes:
        kind (str): ``'model'``, ``'start'`` (checkpoints to start from),
            ``'data'`` or ``'disk'``. What is of the model is needed by tests,
            too.
        text (str): The config key, the path, and what is wrong.
        remedy (str): The command that mends it, or where that is told.
        path (str): What is missing; empty if it is no file.
    """
    kind: str
    text: str
    remedy: str
    path: str = ''


def find_lacks(config: Config,
               loaders: Sequence[str] = TRAINING) -> List[Lack]:
    """All that a config lacks: weights, warm-up, data, splits, names, disk.

    Files are looked for, and of weights the ends are read, so that it takes
    no time; ``tools/analysis/verify_dataset.py`` reads the data. A config
    tells how files of its own are made:
    ``how_to_get = {'data/my_photos': 'python x.py'}`` is the remedy for
    whatever is missing there.

    Args:
        config (Config): As training reads it.
        loaders (Sequence[str]): Keys of the data that are needed. Defaults to
            those of training and validation.

    Returns:
        list[Lack]: In the order in which they would be missed.
    """
    lacks = [*_weights(config), *_tokenizer(config), *_backends(config),
             *missing_names(config), *_warm_up(config)]
    for key in loaders:
        lacks += _data(key, config.get(key) or {})
    lacks += _disk(config.get('work_dir'))
    unique: Dict[str, Lack] = {}
    for lack in lacks:
        unique.setdefault(lack.path or lack.text, lack)
    return [_with_own_remedy(lack, config.get('how_to_get') or {})
            for lack in unique.values()]


def _with_own_remedy(lack: Lack, how_to_get: Dict[str, str]) -> Lack:
    """The config's own remedy, if it has one: that of the innermost folder."""
    places = [place for place in how_to_get if lack.path and
              Path(place) in (Path(lack.path), *Path(lack.path).parents)]
    return lack._replace(
        remedy=how_to_get[max(places, key=len)]) if places else lack


def lacks_table(lacks: List[Lack], config_name: str) -> str:
    """The list as an error message."""
    lines = [f'{config_name} lacks {len(lacks)} '
             f'{"thing" if len(lacks) == 1 else "things"}:']
    for remedy, group in groupby(lacks, attrgetter('remedy')):
        lines += [f'- {lack.text}' for lack in group] + [f'    -> {remedy}']
    return '\n'.join(lines)


def _weights(config: Config) -> Iterator[Lack]:
    """Weight files, wherever the model names one."""
    for key, node in config_dicts('model', config.get('model') or {}):
        path = node.get('pretrained')
        if not isinstance(path, str) or '://' in path:
            continue
        problem, file = 'no such file', Path(path).expanduser()
        if file.is_file():
            if is_whole(file):
                continue
            problem = (f'incomplete, or of something else, '
                       f'{file.stat().st_size:,} bytes')
        name = node.get('model_name', '')
        yield Lack(
            'model', f'{key}.pretrained={path!r}: {problem} (weights of '
            f'{name or node.get("type")})', how_to_get_clip(name, path), path)
    path = config.get('load_from')
    if path and '://' not in path and not Path(path).expanduser().exists():
        yield Lack('start', f'load_from={path!r}: no such file',
                   'give the path of a checkpoint', path)


def _tokenizer(config: Config) -> Iterator[Lack]:
    """Of a text tower whose tokenizer does not come with open_clip."""
    detector = _detector(config)
    names = [(detector.get(key) or {}).get('model_name')
             for key in ('zero_shot_clip', 'backbone')]
    text = detector.get('panoptic_head', {}).get('text_classifier', {})
    name = text.get('model_name') or next(filter(None, names), None)
    if name in open_clip.list_models():
        try:
            build_tokenizer(name)
        except (ImportError, FileNotFoundError) as error:
            problem, _, remedy = str(error).partition(
                '; nothing is downloaded silently: ')
            yield Lack('model', problem,
                       remedy or 'pip install transformers')


def _backends(config: Config) -> Iterator[Lack]:
    """Packages of the visualizer's backends."""
    backends = (config.get('visualizer') or {}).get('vis_backends') or []
    for k, backend in enumerate(backends):
        package = BACKEND_PACKAGES.get(backend.get('type'))
        if package and find_spec(package) is None:
            yield Lack(
                'model', f'visualizer.vis_backends.{k}: {backend["type"]} '
                f'needs the package {package}', f'pip install {package}')


def missing_names(config: Config) -> Iterator[Lack]:
    """Whether there is a prompt for every class of the data."""
    detector = _detector(config)
    if detector.get('panoptic_fusion_head', {}).get(
            'type') == 'MaskProposalFusionHead':
        return  # a warm-up: masks of no class
    prompts = detector.get('panoptic_head', {}).get(
        'text_classifier', {}).get('classes')
    classes = _first_metainfo(config).get('classes')
    if isinstance(prompts, (list, tuple)) and classes and \
            len(prompts) != len(classes):
        yield Lack(
            'model', 'panoptic_head.text_classifier.classes has '
            f'{len(prompts)} entries, but the data have {len(classes)} '
            'classes (metainfo.classes)',
            'give one entry per class, in the order of the classes; '
            'tools/match_prompts.py sorts a file of prompts')


def _warm_up(config: Config) -> Iterator[Lack]:
    for k, hook in enumerate(config.get('custom_hooks') or []):
        path = hook.get('checkpoint')
        if hook.get('type') != 'SAMWarmupHook' or \
                not hook.get('required', True) or \
                (path and Path(path).expanduser().is_file()):
            continue
        yield Lack(
            'start', f'custom_hooks.{k}.checkpoint={path!r}: no such file '
            '(the warm-up)',
            'train a config of configs/sam_warmup (docs/warm-up.md); '
            f'custom_hooks.{k}.required=False goes without', str(path))


def _data(key: str, node: dict) -> Iterator[Lack]:
    """Of all datasets in a loader; a split after what it is drawn from."""
    for name, dataset in reversed(list(config_dicts(key, node))):
        root = dataset.get('data_root') or ''
        if '://' in root:  # not on this machine
            continue
        ann_file = dataset.get('ann_file')
        ann_path = osp.join(root, ann_file) if ann_file else None
        for kind, prefix in (dataset.get('data_prefix') or {}).items():
            path = osp.join(root, prefix or '')
            if path and not osp.isdir(path):
                yield Lack('data', f'{name}: the folder {path} is not there '
                           f'(data_prefix.{kind})',
                           _how_to_get_folder(kind, dataset, path), path)
        if 'seg' in (dataset.get('data_prefix') or {}) and not ann_file:
            yield Lack('data', f'{name}.ann_file is not set',
                       'name a COCO panoptic JSON; without labelled images '
                       'there is no number')
        if ann_path and not osp.exists(ann_path):
            yield Lack('data', f'{name}: the annotation {ann_path} is not '
                       'there', how_to_get_annotation(
                           dataset.get('type', ''), root), ann_path)
        split = dataset.get('split')
        if isinstance(split, str) and not Path(split).expanduser().is_file():
            inner = dataset.get('dataset') or dataset
            ann_file = osp.join(inner.get('data_root') or '',
                                inner.get('ann_file') or '')
            yield Lack('data', f'{name}.split={split!r}: no such file',
                       how_to_get_split(split, ann_file), split)
        images = dataset.get('images')
        if isinstance(images, str) and not osp.exists(images):
            yield Lack('data', f'{name}.images={images!r}: no such folder or '
                       'list', 'name the folder of your photos', images)


def _how_to_get_folder(kind: str, dataset: dict, path: str) -> str:
    if kind == 'masks':
        images = osp.join(dataset.get('data_root') or '',
                          dataset['data_prefix'].get('img', ''))
        return how_to_get_masks(images, path)
    if kind == 'seg':
        return how_to_get_annotation(dataset.get('type', ''),
                                     dataset.get('data_root'))
    return 'docs/data.md tells where the images come from'


def _detector(config: Config) -> Dict[str, Any]:
    model = config.get('model') or {}
    return model.get('detector', model)


def _disk(work_dir: Optional[str]) -> Iterator[Lack]:
    if work_dir is None:
        return
    there = Path(work_dir).absolute()
    while not there.exists():
        there = there.parent
    free = shutil.disk_usage(there).free / 2**30
    if free < LEAST_FREE_GIB:
        yield Lack('disk', f'{free:.1f} GiB are free in {there} (work_dir)',
                   'make room, or choose another --work-dir')


def _first_metainfo(config: Config) -> Dict[str, Any]:
    for key in TRAINING:
        for _, node in config_dicts(key, config.get(key) or {}):
            if 'metainfo' in node:
                return node['metainfo']
    return {}


def config_dicts(key: str, node: Any) -> Iterator[Tuple[str, dict]]:
    """All dicts within a config, with their dotted keys."""
    if isinstance(node, dict):
        yield key, node
        for name, child in node.items():
            yield from config_dicts(f'{key}.{name}', child)
    elif isinstance(node, (list, tuple)):
        for k, child in enumerate(node):
            yield from config_dicts(f'{key}.{k}', child)
