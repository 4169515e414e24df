"""Filling holes and removing islands of masks."""
from typing import List

import numpy as np
import torch
from pycocotools import mask as coco_mask
from torchvision.ops import nms

from .registry import coco_instances
from .rle import encode_masks, mask_boxes


def remove_small_regions(instances: List[dict], min_area: int,
                         nms_thresh: float) -> List[dict]:
    """Fill small holes and remove small islands of masks.

    Args:
        instances (list[dict]): Annotations.
        min_area (int): Regions of fewer pixels go.
        nms_thresh (float): Duplicates that this brings about are removed;
            masks that were not changed are preferred.

    Returns:
        list[dict]: Annotations, unchanged masks first.
    """
    from segment_anything.utils.amg import remove_small_regions as remove
    if not instances:
        return []
    result, unchanged, boxes = [], [], []
    for instance in instances:
        mask = coco_mask.decode(instance['segmentation']).astype(bool)
        mask, filled = remove(mask, min_area, mode='holes')
        mask, removed = remove(mask, min_area, mode='islands')
        mask = torch.from_numpy(np.ascontiguousarray(mask))[None]
        boxes.append(mask_boxes(mask))
        unchanged.append(float(not (filled or removed)))
        if filled or removed:
            rle, = encode_masks(mask)
            x, y, w, h = instance['crop_box']
            instance, = coco_instances(
                [rle], [instance['predicted_iou']],
                [instance['stability_score']], [(x, y, x + w, y + h)],
                instance['point_coords'])
        result.append(instance)
    keep = nms(torch.cat(boxes).float(), torch.tensor(unchanged), nms_thresh)
    return [result[index] for index in keep]
