"""A panoptic dataset as its labelled part or as its unlabelled rest."""
import copy
import logging
import os.path as osp
from typing import Dict, List, Optional, Sequence, Set, Tuple, Union

from mmdet.registry import DATASETS, TRANSFORMS
from mmengine.dataset import Compose
from mmengine.logging import print_log
from torch.utils.data import Dataset

from .image_files import UnreadableImageError
from .panoptic_dataset import PanopticDataset
from .samplers import seeded_by
from .splits import split_indices
from .unlabeled_pool import (image_names, infos_of_dataset, infos_of_folders,
                             without_excluded)

ROLES = ('labeled', 'unlabeled')
# Unreadable images in a row after which the pool itself must be wrong.
MAX_UNREADABLE = 100


@DATASETS.register_module()
class SemiSupPanopticDataset(Dataset):
    """Shows a panoptic dataset as one of the two parts that training needs.

    As ``'labeled'`` it is the wrapped dataset restricted to the images of the
    split, with its own pipeline. As ``'unlabeled'`` it is all of the other
    images and those of ``images``; annotations are not touched. Each of
    these comes as a weak view, for the teacher, and a strong view of the same
    geometry, for the student. Source: DEARLi section 3.2.

    An unlabelled image that is truncated or cannot be decoded (see
    :class:`LoadAnyImage`) is skipped, counted and logged once by each worker;
    the next one takes its place. In the labelled part it is an error.

    Args:
        dataset (dict, optional): Config of the wrapped dataset. May be left
            out for an unlabelled part made of ``images`` alone.
        role (str): ``'labeled'`` or ``'unlabeled'``.
        split (str | Sequence[str], optional): The labelled images: path of a
            text file with one image per line, or names; see
            :class:`ImageNames`. Without it all images are labelled (none is
            left as unlabelled).
        images (str | Sequence[str], optional): Folders or list files of
            unlabelled images beside the dataset. Images of the dataset that
            are found there again are left out.
        exclude (str | Sequence[str], optional): Split files of images that
            must not be unlabelled ones, such as those of validation. The log
            says how many were found.
        weak (Sequence[dict]): Transforms that load an image and make the
            weak view; only of ``'unlabeled'``.
        strong (Sequence[dict]): Transforms that make the strong view of the
            weak one; only of ``'unlabeled'``.
        pack (dict): Transform that packs a view. Defaults to mmdet's
            ``PackDetInputs``.

    Attributes:
        metainfo (dict): That of the wrapped dataset.

    Raises:
        ValueError: If an argument does not fit the role, a name of split or
            exclude means several images, or the part is empty.
    """

    def __init__(
        self,
        dataset: Optional[dict] = None,
        role: str = 'labeled',
        split: Union[str, Sequence[str], None] = None,
        images: Union[str, Sequence[str], None] = None,
        exclude: Union[str, Sequence[str], None] = None,
        weak: Sequence[dict] = (),
        strong: Sequence[dict] = (),
        pack: dict = dict(type='PackDetInputs')
    ) -> None:
        _check_arguments(role, dataset, images, exclude, weak, strong)
        self.role = role
        if role == 'labeled':
            self.dataset = _labeled(dataset, split)
            self.metainfo = self.dataset.metainfo
        else:
            self.infos, self.metainfo = _unlabeled(dataset, split,
                                                   _as_list(images),
                                                   _as_list(exclude))
            self._unreadable: Set[int] = set()
            self.weak = Compose(list(weak))
            self.strong = Compose(list(strong))
            self.pack = TRANSFORMS.build(pack)
        if len(self) == 0:
            remedy = 'split names no image of it' if role == 'labeled' \
                else ('all images of the dataset are labelled, or excluded: '
                      'give a split, or a folder of photos as images')
            raise ValueError(f'the {role} part is empty: {remedy}')

    def full_init(self) -> None:
        """Nothing is left to do; the runner asks for it."""

    def __len__(self) -> int:
        return len(self.dataset if self.role == 'labeled' else self.infos)

    def __getitem__(self, index: int) -> Dict[str, dict]:
        """A labelled item as its pipeline packs it, or two views.

        Returns:
            dict: ``inputs`` (Tensor, uint8 [3, H, W]) and ``data_samples``
            of a labelled image; for an unlabelled one each of them is a dict
            of ``weak`` and ``strong``.
        """
        with seeded_by(index):
            if self.role == 'labeled':
                return self.dataset[int(index)]
            return self._first_readable(int(index))

    def _first_readable(self, index: int) -> Dict[str, dict]:
        """Views of the image, or of the next that can be read."""
        error = None
        for step in range(min(len(self.infos), MAX_UNREADABLE)):
            place = (index + step) % len(self.infos)
            if place in self._unreadable:
                continue
            try:
                return self._make_views(self.infos[place])
            except UnreadableImageError as unreadable:
                error = unreadable
                self._unreadable.add(place)
                print_log(
                    f'unlabelled image skipped: {error} '
                    f'({len(self._unreadable)} of {len(self.infos)} skipped '
                    'by this worker so far)', 'current', logging.WARNING)
        raise UnreadableImageError(
            f'of {min(len(self.infos), MAX_UNREADABLE)} unlabelled images in '
            'a row none can be read; check the pool with '
            f'tools/analysis/verify_dataset.py. The last: {error}')

    def _make_views(self, info: dict) -> Dict[str, dict]:
        weak = self.weak(copy.deepcopy(info))
        strong = self.strong(copy.deepcopy(weak))
        weak, strong = self.pack(weak), self.pack(strong)
        return {key: dict(weak=weak[key], strong=strong[key])
                for key in ('inputs', 'data_samples')}


def _labeled(config: dict, split: Union[str, Sequence[str], None]) -> Dataset:
    """The images of the split, or all."""
    if _is_ours(config):  # leaves the others out before it reads segments
        return _build_dataset(dict(config, split=split))
    dataset = _build_dataset(config)
    if split is not None:
        names = image_names(infos_of_dataset(dataset))
        dataset.get_subset_(split_indices(names, split))
    return dataset


def _unlabeled(config: Optional[dict], split: Union[str, Sequence[str], None],
               images: Sequence[str],
               exclude: Sequence[str]) -> Tuple[List[dict], dict]:
    """All others and those of folders, without annotation; and metainfo."""
    rest, known, metainfo = [], [], {}
    if config is not None:
        if _is_ours(config):
            config = dict(config, with_segments=False)
        dataset = _build_dataset(config)
        infos, metainfo = infos_of_dataset(dataset), dataset.metainfo
        labeled = set(range(len(infos)) if split is None else split_indices(
            image_names(infos), split))
        rest = [info for k, info in enumerate(infos) if k not in labeled]
        known = [info['img_path'] for info in infos]
    rest += infos_of_folders(images, known)
    return without_excluded(rest, exclude), metainfo


def _is_ours(config: dict) -> bool:
    cls = config['type']
    cls = cls if isinstance(cls, type) else DATASETS.get(cls)
    return cls is not None and issubclass(cls, PanopticDataset)


def _build_dataset(config: dict):
    try:
        dataset = DATASETS.build(config)
        dataset.full_init()
    except FileNotFoundError as error:
        if osp.exists(osp.join(config.get('data_root') or '',
                               config.get('ann_file') or '')):
            raise  # a split, for instance
        raise FileNotFoundError(
            f'{error}. The dataset is not there: data_root='
            f'{config.get("data_root")!r}, ann_file='
            f'{config.get("ann_file")!r}; docs/data.md tells how to make it, '
            'dataset.data_root where it is looked for') from error
    return dataset


def _check_arguments(role: str, dataset: Optional[dict], images, exclude,
                     weak: Sequence[dict], strong: Sequence[dict]) -> None:
    if role not in ROLES:
        raise ValueError(f'role={role!r} is none of {ROLES}')
    if role == 'labeled':
        if dataset is None:
            raise ValueError("role='labeled' needs a dataset")
        if images or exclude or weak or strong:
            raise ValueError("images, exclude, weak and strong belong to "
                             "role='unlabeled'; labelled images go through "
                             'dataset.pipeline')
    elif not weak:
        raise ValueError("role='unlabeled' needs the transforms of the weak "
                         'view (weak=[...]), which load the image')
    elif dataset is None and not images:
        raise ValueError("role='unlabeled' needs a dataset or images")


def _as_list(value: Union[str, Sequence[str], None]) -> List[str]:
    return [value] if isinstance(value, str) else list(value or [])
