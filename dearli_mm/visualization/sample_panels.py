"""What a data sample holds, drawn panel by panel."""
from typing import Iterator, List, Optional, Sequence, Set, Tuple

import numpy as np
from mmdet.evaluation.functional import INSTANCE_OFFSET
from mmdet.structures import DetDataSample
from mmengine.fileio import get

from ..datasets.image_files import decode_image
from ..datasets.panoptic_ground_truth import ground_truth_of_sample
from ..functional.panoptic_ids import split_panoptic_ids
from ..utils.colors import palette
from .drawing import draw_segments, enlarge, panel_size

Panels = List[Tuple[str, np.ndarray]]
Segments = Tuple[np.ndarray, Sequence[int]]


def sample_panels(sample: DetDataSample,
                  meta: dict,
                  backend_args: Optional[dict] = None
                  ) -> Tuple[Panels, Set[int]]:
    """Panels of one image, and the classes in them.

    Args:
        sample (DetDataSample): With predictions, and what finds the image
            and, if there is any, its ground truth.
        meta (dict): ``classes``, ``thing_classes`` and, optionally,
            ``palette`` of the dataset.
        backend_args (dict, optional): mmengine file backend for reading.

    Returns:
        tuple[list[tuple[str, np.ndarray]], set[int]]: Titles and uint8 RGB
        pictures of one size ('input', 'ground truth', 'teacher', and at last
        'student' or 'prediction'); class indices, -1 for void.
    """
    colors = class_colors(meta)
    content = get(sample.img_path, backend_args=backend_args)
    # In the frame of the annotation, as LoadAnyImage has it.
    image = decode_image(content, sample.img_path,
                         sample.get('ori_shape'))[..., ::-1]
    size = panel_size(*image.shape[:2])
    image = enlarge(image, size)
    panels, present = [('input', image)], set()
    for title, (seg_map, labels) in _segmentations(sample, meta, backend_args):
        # Enlarged before drawing, so that boundaries stay thin.
        panels.append((title,
                       draw_segments(image, enlarge(seg_map, size), labels,
                                     colors)))
        present.update(map(int, labels))
        if (seg_map == 0).any():
            present.add(-1)
    return panels, present


def class_colors(meta: dict) -> np.ndarray:
    """A dataset's own colours, or ours; uint8 ``[C, 3]``, RGB."""
    colors, count = meta.get('palette'), len(meta['classes'])
    # A dataset of mmdet with other classes keeps the palette of COCO.
    if colors is None or len(colors) != count:
        return palette(count)
    return np.asarray(colors, dtype=np.uint8)


def _segmentations(sample: DetDataSample, meta: dict,
                   backend_args: Optional[dict]
                   ) -> Iterator[Tuple[str, Segments]]:
    """What there is to draw of a sample, with its titles."""
    num_classes = len(meta['classes'])

    def predicted(key: str) -> Segments:
        panoptic = sample.get(key).sem_seg[0].cpu().numpy()
        return split_panoptic_ids(panoptic, num_classes, INSTANCE_OFFSET)

    things = [
        meta['classes'].index(name) for name in meta.get('thing_classes', ())
    ]
    if (sample.get('seg_map_path') and 'segments_info' in sample) or (
            'gt_sem_seg' in sample and not things):
        truth = ground_truth_of_sample(sample, things, backend_args)
        yield 'ground truth', (truth.seg_map, truth.labels)
    title = 'prediction'
    if 'teacher_panoptic_seg' in sample:
        yield 'teacher', predicted('teacher_panoptic_seg')
        title = 'student'
    yield title, predicted('pred_panoptic_seg')
