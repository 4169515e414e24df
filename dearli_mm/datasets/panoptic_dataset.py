"""COCO panoptic datasets, taken at the word of their annotation file."""
import os.path as osp
from typing import List, Optional, Sequence, Set, Tuple, Union

from mmdet.datasets import CocoPanopticDataset
from mmdet.registry import DATASETS

from ..utils.colors import palette
from .image_files import read_image_size
from .image_names import ImageNames
from .panoptic_json import png_name, read_panoptic_json
from .splits import split_indices
from .transforms.loading import IGNORE_INDEX


@DATASETS.register_module()
class PanopticDataset(CocoPanopticDataset):
    """mmdet's ``CocoPanopticDataset`` for files that are not COCO's own.

    mmdet takes the name of the panoptic PNG from that of the image, which
    must end in ``.jpg``; here it is read from the annotation, so images may
    have any suffix. mmdet numbers classes in the order of the file's
    categories, whatever ``metainfo['classes']`` says; here they are matched
    by name. Ids of segments that mmdet drops (without area) are told to
    :class:`LoadPanopticSegments`, which makes their pixels void. Where the
    file lacks ``isthing``, ``area``, ``bbox``, PNG names or image sizes, they
    are those of ``metainfo``, the PNG and the image.

    Args:
        split (str | Sequence[str], optional): The images to show, all others
            are left out: see :class:`SemiSupPanopticDataset`.
        with_segments (bool): Whether to load segments, else the images alone.
            Defaults to True.
        kwargs (dict): See mmdet's ``CocoPanopticDataset``; ``metainfo`` with
            ``classes``, ``thing_classes`` and ``stuff_classes`` is required.

    Raises:
        ValueError: If the file is no COCO panoptic JSON, names of file and
            ``metainfo['classes']`` differ, or things are stuff there.
    """

    METAINFO: dict = {}  # nothing of COCO's, such as its palette

    def __init__(self,
                 *args,
                 split: Union[str, Sequence[str], None] = None,
                 with_segments: bool = True,
                 **kwargs) -> None:
        self.split = split
        self.with_segments = with_segments
        super().__init__(*args, **kwargs)
        if 'classes' in self._metainfo and 'palette' not in self._metainfo:
            # mmdet would draw a random one.
            self._metainfo['palette'] = [
                tuple(color)
                for color in palette(len(self._metainfo['classes'])).tolist()
            ]

    def load_data_list(self) -> List[dict]:
        """Load the annotation file; see the class.

        Returns:
            list[dict]: Of each image what mmdet's dataset tells, and
            ``raw_segment_ids``.
        """
        content = read_panoptic_json(self.ann_file, self.backend_args)
        names = {c['id']: c['name'] for c in content.categories}
        self._check_names(list(names.values()))
        label_of = {name: k for k, name in enumerate(self.metainfo['classes'])}
        self.cat2label = {k: label_of[name] for k, name in names.items()}
        things = self._things(content.categories)
        # mmdet's 255 would be a class.
        extra = dict(ignore_index=-1) if len(names) > IGNORE_INDEX else {}
        infos = []
        for image in self._shown(content.images):
            info = dict(
                img_id=image['id'],
                img_name=image['file_name'],
                img_path=self._path(image))
            if self.with_segments:
                annotation = self._annotation(image, content.annotations)
                info.update(
                    self._segments(image, annotation, things), **extra)
            info['height'], info['width'] = _size(image, info)
            infos.append(info)
        return infos

    def filter_data(self) -> List[dict]:
        """mmdet's filter; but stuff is ground truth as well."""
        if self.test_mode or not self.filter_cfg:
            return self.data_list
        min_size = self.filter_cfg.get('min_size', 0)
        needs_gt = self.filter_cfg.get('filter_empty_gt', False) and \
            self.with_segments
        kept = [
            info for info in self.data_list
            if min(info['width'], info['height']) >= min_size and
            (not needs_gt or info['segments_info'])
        ]
        if self.data_list and not kept:
            raise ValueError(
                f'filter_cfg={dict(self.filter_cfg)} leaves none of the '
                f'{len(self.data_list)} images of {self.ann_file}')
        return kept

    def _shown(self, images: List[dict]) -> List[dict]:
        """The images of the split."""
        if self.split is None:
            return images
        names = ImageNames([image['file_name'] for image in images],
                           [self._path(image) for image in images])
        return [images[k] for k in split_indices(names, self.split)]

    def _path(self, image: dict) -> str:
        return osp.join(self.data_prefix['img'], image['file_name'])

    def _annotation(self, image: dict, annotations: dict) -> dict:
        if image['id'] not in annotations:
            raise ValueError(
                f'{self.ann_file} has no annotation of image '
                f'{image["file_name"]!r} (id {image["id"]!r}); take the '
                'image out of its images, or convert the dataset anew')
        return annotations[image['id']]

    def _segments(self, image: dict, annotation: dict,
                  things: Set[int]) -> dict:
        segments = [segment for segment in annotation['segments_info']
                    if _is_large_enough(segment)]
        seg_prefix = self.data_prefix.get('seg')
        return dict(
            seg_map_path=osp.join(seg_prefix, png_name(image, annotation))
            if seg_prefix else None,
            instances=[
                dict(
                    # LoadPanopticSegments works out what is missing.
                    bbox=_corners(segment.get('bbox')),
                    bbox_label=self.cat2label[segment['category_id']],
                    ignore_flag=0) for segment in segments
                if _is_countable(segment, things)
            ],
            segments_info=[
                self._segment_info(segment, things) for segment in segments
            ],
            raw_segment_ids=[s['id'] for s in annotation['segments_info']])

    def _segment_info(self, segment: dict, things: Set[int]) -> dict:
        info = dict(
            id=segment['id'],
            category=self.cat2label[segment['category_id']],
            is_thing=_is_countable(segment, things))
        # A crowd of things is one by not being a thing; stuff has to say so.
        if segment.get('iscrowd') and segment['category_id'] not in things:
            info['iscrowd'] = True
        return info

    def _things(self, categories: List[dict]) -> Set[int]:
        """Ids of the categories of things, by file or config."""
        named = self.metainfo.get('thing_classes')
        if named is None:
            unknown = [c['name'] for c in categories if 'isthing' not in c]
            if unknown:
                raise ValueError(
                    f'{self.ann_file} does not tell which categories are '
                    f'things (isthing of {unknown[:5]} is missing): add '
                    'isthing, or thing_classes to metainfo')
            return {c['id'] for c in categories if c['isthing']}
        contrary = [
            c['name'] for c in categories
            if bool(c.get('isthing', c['name'] in named)) != (
                c['name'] in named)
        ]
        if contrary:
            raise ValueError(
                f'{self.ann_file} and metainfo thing_classes do not agree on '
                f'what is a thing: {contrary[:5]}; correct one of them')
        return {c['id'] for c in categories if c['name'] in named}

    def _check_names(self, names: List[str]) -> None:
        classes = list(self.metainfo.get('classes', ()))
        if sorted(names) != sorted(classes):
            raise ValueError(
                f'{self.ann_file} and metainfo classes differ; only in the '
                f'file: {sorted(set(names) - set(classes)) or "none"}, only '
                f'in metainfo: {sorted(set(classes) - set(names)) or "none"}. '
                "Name the file's categories in the config, each once.")


def _size(image: dict, info: dict) -> Tuple[int, int]:
    """Height and width in which an image was annotated."""
    if 'height' in image and 'width' in image:
        return image['height'], image['width']
    if info.get('seg_map_path'):
        return read_image_size(info['seg_map_path']).stored
    return read_image_size(info['img_path']).shown


def _is_countable(segment: dict, things: Set[int]) -> bool:
    """Whether a segment is one thing; a crowd of things is not."""
    return segment['category_id'] in things and not segment.get('iscrowd', 0)


def _is_large_enough(segment: dict) -> bool:
    """mmdet's rule for what can be learnt from, where the file can tell."""
    return segment.get('area', 1) > 0 and \
        min(segment.get('bbox', (0, 0, 1, 1))[2:]) >= 1


def _corners(box: Optional[Sequence[float]]) -> Optional[List[float]]:
    if box is None:
        return None
    x, y, width, height = box
    return [x, y, x + width, y + height]
