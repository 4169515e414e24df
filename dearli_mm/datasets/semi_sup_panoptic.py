"""A panoptic dataset as its labelled part or as its unlabelled rest."""
import copy
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Union

from mmdet.registry import DATASETS, TRANSFORMS
from mmengine.dataset import Compose
from torch.utils.data import Dataset

from .samplers import seeded_by
from .splits import list_images, read_split, split_indices

ROLES = ('labeled', 'unlabeled')
VIEWS = ('weak', 'strong')


@DATASETS.register_module()
class SemiSupPanopticDataset(Dataset):
    """Shows a panoptic dataset as one of the two parts that training needs.

    As ``'labeled'`` it is the wrapped dataset restricted to the images of the
    split, with its own pipeline. As ``'unlabeled'`` it is all of the other
    images and those of ``images``; annotations are not touched. Each of
    these comes as a weak view, for the teacher, and a strong view of the same
    geometry, for the student. Source: DEARLi section 3.2.

    Args:
        dataset (dict, optional): Config of the wrapped dataset. May be left
            out for an unlabelled part made of ``images`` alone.
        role (str): ``'labeled'`` or ``'unlabeled'``.
        split (str | Sequence[str], optional): The labelled images: path of a
            text file with one image a line, or names. Without it all images
            are labelled (none is left as unlabelled).
        images (str | Sequence[str], optional): Folders or list files of
            unlabelled images beside the dataset.
        weak (Sequence[dict]): Transforms that load an image and make the
            weak view; only of ``'unlabeled'``.
        strong (Sequence[dict]): Transforms that make the strong view of the
            weak one; only of ``'unlabeled'``.
        pack (dict): Transform that packs a view. Defaults to mmdet's
            ``PackDetInputs``.

    Raises:
        ValueError: If an argument does not fit the role, or the part is
            empty.
    """

    def __init__(
        self,
        dataset: Optional[dict] = None,
        role: str = 'labeled',
        split: Union[str, Sequence[str], None] = None,
        images: Union[str, Sequence[str], None] = None,
        weak: Sequence[dict] = (),
        strong: Sequence[dict] = (),
        pack: dict = dict(type='PackDetInputs')
    ) -> None:
        _check_arguments(role, dataset, images, weak, strong)
        self.role = role
        self.dataset = None
        stems, labeled = [], []
        if dataset is not None:
            self.dataset = DATASETS.build(dataset)
            self.dataset.full_init()
            infos = [
                self.dataset.get_data_info(index)
                for index in range(len(self.dataset))
            ]
            stems = [Path(info['img_path']).stem for info in infos]
            labeled = list(range(len(stems)))
        if split is not None:
            source = split if isinstance(split, str) else 'split'
            labeled = split_indices(stems, read_split(split), source)

        if role == 'labeled':
            self.dataset.get_subset_(labeled)
            self._check_not_empty(len(labeled))
            return
        rest = set(range(len(stems))) - set(labeled)
        self.infos = [_image_info(infos[index]) for index in sorted(rest)]
        self.infos += _infos_of_folders(images)
        self._check_not_empty(len(self.infos))
        self.weak = Compose(list(weak))
        self.strong = Compose(list(strong))
        self.pack = TRANSFORMS.build(pack)

    def _check_not_empty(self, size: int) -> None:
        if size == 0:
            remedy = 'split names no image of it' if self.role == 'labeled' \
                else ('all images of the dataset are labelled: give a split, '
                      'or a folder of photos as images')
            raise ValueError(f'the {self.role} part is empty: {remedy}')

    @property
    def metainfo(self) -> dict:
        """dict: That of the wrapped dataset."""
        return {} if self.dataset is None else self.dataset.metainfo

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
            return self._make_views(self.infos[index])

    def _make_views(self, info: dict) -> Dict[str, dict]:
        weak = self.weak(copy.deepcopy(info))
        strong = self.strong(copy.deepcopy(weak))
        packed = {
            view: self.pack(results)
            for view, results in zip(VIEWS, (weak, strong))
        }
        return {
            key: {view: packed[view][key]
                  for view in VIEWS}
            for key in ('inputs', 'data_samples')
        }


def _check_arguments(role: str, dataset: Optional[dict], images,
                     weak: Sequence[dict], strong: Sequence[dict]) -> None:
    if role not in ROLES:
        raise ValueError(f'role={role!r} is none of {ROLES}')
    if role == 'labeled':
        if dataset is None:
            raise ValueError("role='labeled' needs a dataset")
        if images or weak or strong:
            raise ValueError("images, weak and strong belong to "
                             "role='unlabeled'; labelled images go through "
                             'dataset.pipeline')
    elif not weak:
        raise ValueError("role='unlabeled' needs the transforms of the weak "
                         'view (weak=[...]), which load the image')
    elif dataset is None and not images:
        raise ValueError("role='unlabeled' needs a dataset or images")


def _image_info(info: dict) -> dict:
    """What may be known of an unlabelled image: no annotation."""
    return {
        key: info[key]
        for key in ('img_path', 'img_id', 'height', 'width') if key in info
    }


def _infos_of_folders(
        images: Union[str, Sequence[str], None]) -> List[dict]:
    sources = [images] if isinstance(images, str) else images or []
    return [
        dict(img_path=str(path), img_id=str(path)) for source in sources
        for path in list_images(source)
    ]
