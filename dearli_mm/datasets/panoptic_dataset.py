"""COCO panoptic datasets, taken at the word of their annotation file."""
import os.path as osp
from typing import List, Optional, Sequence, Set

from mmdet.datasets import CocoPanopticDataset
from mmdet.registry import DATASETS
from mmengine.fileio import load


@DATASETS.register_module()
class PanopticDataset(CocoPanopticDataset):
    """mmdet's ``CocoPanopticDataset`` for files that are not COCO's own.

    mmdet takes the name of the panoptic PNG from that of the image, which
    must end in ``.jpg``; here it is read from the annotation, so images may
    have any suffix. mmdet numbers classes in the order of the file's
    categories, whatever ``metainfo['classes']`` says; here they are matched
    by name. Ids of segments that mmdet drops (without area) are told to
    :class:`LoadPanopticSegments`, which makes their pixels void.

    Args:
        kwargs (dict): See mmdet's ``CocoPanopticDataset``; ``metainfo`` with
            ``classes``, ``thing_classes`` and ``stuff_classes`` is required.

    Raises:
        ValueError: If names of file and ``metainfo['classes']`` differ, or
            the file has no annotation of an image.
    """

    METAINFO: dict = {}  # nothing of COCO's, such as its palette

    def load_data_list(self) -> List[dict]:
        """Load the annotation file; see the class.

        Returns:
            list[dict]: Of each image what mmdet's dataset tells, and
            ``raw_segment_ids``.
        """
        content = load(self.ann_file, backend_args=self.backend_args)
        categories = content['categories']
        self._check_names([category['name'] for category in categories])
        label_of = {name: k for k, name in enumerate(self.metainfo['classes'])}
        self.cat_ids = [category['id'] for category in categories]
        self.cat2label = {
            category['id']: label_of[category['name']]
            for category in categories
        }
        things = {c['id'] for c in categories if c['isthing']}
        annotations = {
            annotation['image_id']: annotation
            for annotation in content['annotations']
        }
        return [
            self._image_info(image, annotations.get(image['id']), things)
            for image in content['images']
        ]

    def _image_info(self, image: dict, annotation: Optional[dict],
                    things: Set[int]) -> dict:
        if annotation is None:
            raise ValueError(
                f'{self.ann_file} has no annotation of image '
                f'{image["file_name"]!r} (id {image["id"]!r}); take the '
                'image out of its images, or convert the dataset anew')
        # mmdet's rule for what is too small to be learnt from.
        segments = [
            segment for segment in annotation['segments_info']
            if segment['area'] > 0 and min(segment['bbox'][2:]) >= 1
        ]
        seg_prefix = self.data_prefix.get('seg')
        return dict(
            img_id=image['id'],
            img_path=osp.join(self.data_prefix['img'], image['file_name']),
            seg_map_path=osp.join(seg_prefix, annotation['file_name'])
            if seg_prefix else None,
            height=image['height'],
            width=image['width'],
            instances=[
                dict(
                    bbox=_corners(segment['bbox']),
                    bbox_label=self.cat2label[segment['category_id']],
                    ignore_flag=0) for segment in segments
                if _is_countable(segment, things)
            ],
            segments_info=[
                dict(
                    id=segment['id'],
                    category=self.cat2label[segment['category_id']],
                    is_thing=_is_countable(segment, things))
                for segment in segments
            ],
            raw_segment_ids=[s['id'] for s in annotation['segments_info']])

    def _check_names(self, names: List[str]) -> None:
        classes = list(self.metainfo.get('classes', ()))
        if sorted(names) != sorted(classes):
            raise ValueError(
                f'{self.ann_file} and metainfo classes differ; only in the '
                f'file: {sorted(set(names) - set(classes)) or "none"}, only '
                f'in metainfo: {sorted(set(classes) - set(names)) or "none"}. '
                "Name the file's categories in the config, each once.")


def _is_countable(segment: dict, things: Set[int]) -> bool:
    """Whether a segment is one thing; a crowd of things is not."""
    return segment['category_id'] in things and not segment.get('iscrowd', 0)


def _corners(box: Sequence[float]) -> List[float]:
    x, y, width, height = box
    return [x, y, x + width, y + height]


@DATASETS.register_module()
class COCOObjectsPanopticDataset(CocoPanopticDataset):
    """COCO with its 80 things, and all else as one stuff class.

    ``tools/dataset_converters/coco_objects.py`` makes the files from COCO
    panoptic. Source: DEARLi section 4 (COCO-Objects).
    """

    METAINFO = {
        'classes':
        (*CocoPanopticDataset.METAINFO['thing_classes'], 'background'),
        'thing_classes':
        CocoPanopticDataset.METAINFO['thing_classes'],
        'stuff_classes': ('background', ),
        'palette': [*CocoPanopticDataset.METAINFO['palette'][:80],
                    (96, 96, 96)],
    }
