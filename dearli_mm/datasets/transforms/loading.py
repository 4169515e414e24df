"""Loading of COCO-format panoptic annotation without panopticapi."""
import os
from typing import Optional, Tuple

import mmcv
import numpy as np
from mmdet.datasets.transforms import LoadPanopticAnnotations
from mmdet.registry import TRANSFORMS
from mmengine.fileio import get

from ...functional.panoptic_ids import number_segments, rgb2id
from ..masks import SegmentIdMasks

# mmdet's value for pixels that belong to no segment.
IGNORE_INDEX = 255
# Colour types of PNG headers.
_RGB, _RGBA = 2, 6
_PNG_COLORS = {0: 'grey', 2: 'RGB', 3: 'palette', 4: 'grey and alpha',
               6: 'RGB and alpha'}


def read_panoptic_png(path: str,
                      backend_args: Optional[dict] = None,
                      imdecode_backend: str = 'cv2') -> np.ndarray:
    """Read the segment ids of a COCO panoptic PNG.

    Args:
        path (str): File, in whatever storage ``backend_args`` says.
        backend_args (dict, optional): mmengine file backend. Defaults to
            None, which goes by the path.
        imdecode_backend (str): mmcv's image decoder. Defaults to 'cv2'.

    Returns:
        np.ndarray: int32 ``[H, W]``, 0 is void.

    Raises:
        FileNotFoundError: If the file is not there.
        ValueError: If the file is no image, or not of 8 bits and 3 channels.
    """
    try:
        content = get(path, backend_args=backend_args)
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f'Panoptic PNG {path} does not exist. Check data_root and '
            "data_prefix['seg'] of the dataset (seg_prefix of a "
            'metric).') from error
    check_panoptic_png(content, path)
    rgb = mmcv.imfrombytes(
        content, flag='color', channel_order='rgb', backend=imdecode_backend)
    if rgb is None:
        raise ValueError(f'{path}: the panoptic PNG is not a readable image')
    return rgb2id(rgb)


def check_panoptic_png(content: bytes, path: str) -> None:
    """Check that a file can hold ids as colours, by its header.

    Decoders make three channels of 8 bits of all PNG files, and ids of other
    numbers of one channel, 16 bits or a palette.

    Raises:
        ValueError: If it cannot.
    """
    if content[:8] != b'\x89PNG\r\n\x1a\n':
        raise ValueError(f'{path}: the panoptic PNG is not a readable image')
    bits, color = content[24:26]
    if bits == 8 and color in (_RGB, _RGBA):
        return
    raise ValueError(
        f'{path}: the panoptic PNG has {bits} bits and '
        f'{_PNG_COLORS.get(color, "unknown")} pixels; ids are colours there, '
        'of 8-bit RGB (id = R + 256 G + 65536 B). Convert it with '
        'dearli_mm.functional.panoptic_ids.id2rgb, or the labels it was made '
        'of with tools/dataset_converters/semantic_to_panoptic.py.')


@TRANSFORMS.register_module()
class LoadPanopticSegments(LoadPanopticAnnotations):
    """mmdet's ``LoadPanopticAnnotations``, checked and without panopticapi.

    Required, added and modified keys are those of the parent; ``img_id``
    etc. are not touched. Optional keys are read besides:

    - raw_segment_ids (Sequence[int]): All ids of the image's annotation,
      also those of segments that the dataset has dropped. mmdet's
      ``CocoPanopticDataset`` drops segments whose area is 0 or whose box is
      under a pixel; with this key their pixels become void without a
      complaint, and only truly unlisted ids are reported.
    - ignore_index (int): Class of void pixels. Defaults to 255, mmdet's;
      :class:`PanopticDataset` gives -1 where 255 is a class.

    A listed segment without pixels is no error: its mask is empty.

    Args:
        with_bbox (bool): Load boxes. Defaults to True.
        with_label (bool): Load labels. Defaults to True.
        with_mask (bool): Load thing masks. Defaults to True.
        with_seg (bool): Load the semantic map. Defaults to True.
        box_type (str): Box type of mmdet. Defaults to 'hbox'.
        imdecode_backend (str): mmcv's image decoder. Defaults to 'cv2'.
        on_unknown_id (str): What to do with non-zero ids of the PNG that the
            annotation does not list: 'error', or 'void' to ignore their
            pixels. Defaults to 'error'.
        backend_args (dict, optional): mmengine file backend.
    """

    def __init__(self,
                 with_bbox: bool = True,
                 with_label: bool = True,
                 with_mask: bool = True,
                 with_seg: bool = True,
                 box_type: str = 'hbox',
                 imdecode_backend: str = 'cv2',
                 on_unknown_id: str = 'error',
                 backend_args: Optional[dict] = None) -> None:
        if on_unknown_id not in ('error', 'void'):
            raise ValueError("LoadPanopticSegments.on_unknown_id must be "
                             f"'error' or 'void', got {on_unknown_id!r}.")
        # Past the parent, whose constructor insists on panopticapi.
        super(LoadPanopticAnnotations, self).__init__(
            with_bbox=with_bbox,
            with_label=with_label,
            with_mask=with_mask,
            with_seg=with_seg,
            with_keypoints=False,
            box_type=box_type,
            imdecode_backend=imdecode_backend,
            backend_args=backend_args)
        self.on_unknown_id = on_unknown_id

    def _load_masks_and_semantic_segs(self, results: dict) -> None:
        """Load the PNG as thing masks and semantic map.

        Args:
            results (dict): Result dict; gets ``gt_masks`` (SegmentIdMasks, one
                per thing segment, in the order of ``segments_info``) and
                ``gt_seg_map`` (int32 ``[H, W]``, classes, 255 is void).

        Raises:
            ValueError: If PNG, annotation and image contradict each other.
        """
        path = results.get('seg_map_path')
        if path is None:  # images without ground truth
            return
        id_map = read_panoptic_png(path, self.backend_args,
                                   self.imdecode_backend)
        self._check_size(results, path, id_map.shape)
        segments = results['segments_info']
        seg_map, unknown = number_segments(id_map, [s['id'] for s in segments])
        self._check_unknown(results, path, unknown)

        if self.with_mask:
            things = [k + 1 for k, s in enumerate(segments) if s['is_thing']]
            results['gt_masks'] = SegmentIdMasks.from_array(seg_map, things)
        if self.with_seg:
            void = results.get('ignore_index', IGNORE_INDEX)
            table = [void] + [s['category'] for s in segments]
            if void in table[1:]:
                raise ValueError(
                    f'{void} is a class of {path} and means void: use '
                    "type='PanopticDataset' with more than 255 classes")
            results['gt_seg_map'] = np.asarray(table, np.int32)[seg_map]

    def _load_bboxes(self, results: dict) -> None:
        """Load boxes; those that the annotation lacks are made of masks."""
        lacking = [i for i in results.get('instances', ()) if not i['bbox']]
        if lacking:
            self._load_masks_and_semantic_segs(results)
            boxes = results['gt_masks'].get_bboxes('hbox').tensor.tolist()
            results['instances'] = [
                dict(instance, bbox=box)
                for instance, box in zip(results['instances'], boxes)
            ]
        super()._load_bboxes(results)

    @staticmethod
    def _check_size(results: dict, path: str, shape: Tuple[int, int]) -> None:
        expected = results.get('ori_shape')
        if expected is None:
            expected = (results['height'], results['width'])
        if tuple(shape) != tuple(expected[:2]):
            raise ValueError(
                f'Panoptic PNG {path} has {shape[0]} x {shape[1]} pixels '
                f'(height x width), its image {results.get("img_path")} '
                f'{expected[0]} x {expected[1]}. Make the PNG anew from the '
                'annotation, or check that data_prefix names the folders of '
                'one and the same split.')

    def _check_unknown(self, results: dict, path: str,
                       unknown: np.ndarray) -> None:
        if self.on_unknown_id == 'void':
            return
        unknown = np.setdiff1d(unknown, results.get('raw_segment_ids', []))
        if unknown.size == 0:
            return
        shown = ', '.join(str(i) for i in unknown[:5])
        more = f' and {unknown.size - 5} more' if unknown.size > 5 else ''
        raise ValueError(
            f'Panoptic PNG {path} holds segment ids that segments_info of '
            f'image {os.path.basename(str(results.get("img_path")))} does not '
            f'list: {shown}{more}. Check that ann_file and data_prefix["seg"] '
            'belong together. If these are only segments that the dataset '
            'drops (area 0 or a box under one pixel), set '
            "on_unknown_id='void' in LoadPanopticSegments.")

    def __repr__(self) -> str:
        return (f'{super().__repr__()[:-1]}, '
                f'on_unknown_id={self.on_unknown_id!r})')
