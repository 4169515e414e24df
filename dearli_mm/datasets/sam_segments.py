"""Images with class-agnostic masks, for the warm-up."""
import os.path as osp
from typing import List

from mmdet.datasets import BaseDetDataset
from mmdet.registry import DATASETS

from .masks import MaskFolder
from .samplers import seeded_by


@DATASETS.register_module()
class SAMSegmentsDataset(BaseDetDataset):
    """Images and the masks that ``tools/sam_masks.py`` wrote of them.

    All masks are instances of one class. The images are those of the mask
    folder; :class:`LoadSAMMasks` loads the masks in the worker. Source:
    DEARLi section 3.3.

    Args:
        data_prefix (dict): ``img``, the folder of images, and ``masks``, the
            folder that was written, both relative to ``data_root``.
        **kwargs: Of :class:`mmdet.datasets.BaseDetDataset` (``data_root``,
            ``pipeline``, ``indices``, ...).

    Raises:
        FileNotFoundError: If there are no masks, or they are of other images.
        ValueError: If ``data_prefix`` lacks a folder.
    """
    METAINFO = dict(classes=('object', ), palette=[(60, 160, 230)])

    def __init__(self,
                 *args,
                 data_prefix: dict = dict(img='', masks='sam_masks/'),
                 **kwargs) -> None:
        if set(data_prefix) != {'img', 'masks'}:
            raise ValueError('data_prefix of a SAMSegmentsDataset must name '
                             "the folders 'img' and 'masks', but has "
                             f'{sorted(data_prefix)}')
        super().__init__(*args, data_prefix=data_prefix, **kwargs)

    def load_data_list(self) -> List[dict]:
        """Find the images; no mask is read."""
        images = self.data_prefix['img']
        folder = MaskFolder(self.data_prefix['masks'])
        folder.meta()
        infos = [
            dict(img_id=name, img_path=osp.join(images, name),
                 mask_path=str(folder.path(name)))
            for name in folder.names()
        ]
        if not infos:
            raise FileNotFoundError(f'{folder.root} holds no masks; '
                                    'tools/sam_masks.py has not written any')
        # Two of them tell a wrong folder; all would take minutes on a network.
        missing = next(
            (i['img_path'] for i in (infos[0], infos[-1])
             if not osp.isfile(i['img_path'])), None)
        if missing:
            raise FileNotFoundError(
                f'{missing}: no such image, but there are masks of it in '
                f"{folder.root}. Let data_prefix['img'] name the folder that "
                'tools/sam_masks.py was given (or its --root)')
        return infos

    def __getitem__(self, index: int) -> dict:
        """An item, packed; a :class:`SeededIndex` seeds its augmentation."""
        with seeded_by(index):
            return super().__getitem__(int(index))
