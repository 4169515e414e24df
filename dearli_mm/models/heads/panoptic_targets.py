"""Things and stuff of the ground truth as one list of targets."""
from typing import List, Optional, Sequence

import torch
from mmdet.structures import SampleList
from mmdet.utils import InstanceList
from mmengine.structures import InstanceData, PixelData
from torch import Tensor

from dearli_mm.functional import PanopticSegments


def panoptic_targets(things: Sequence[InstanceData],
                     class_maps: Sequence[Optional[PixelData]],
                     num_things_classes: int,
                     num_classes: int) -> InstanceList:
    """All segments of some images, things before stuff.

    Segments without a pixel (things may be cropped away) are left out. Which
    these are is asked of the device once, however many images there are.

    Args:
        things (Sequence[InstanceData]): ``labels`` int64 [n] and ``masks``
            (BitmapMasks) of each image.
        class_maps (Sequence[PixelData | None]): ``sem_seg`` integer
            [1, H, W]; stuff is taken of them, other values count as void.
        num_things_classes (int): Number of thing classes; they come first.
        num_classes (int): Number of classes C.

    Returns:
        list[InstanceData]: ``labels`` int64 [n] and ``masks`` bool [n, H, W]
        of each image.
    """
    masks = [
        own.masks.to_tensor(torch.bool, own.labels.device) for own in things
    ]
    class_maps = [
        own.labels.new_full(masks[i].shape[-2:], num_classes)
        if class_map is None else class_map.sem_seg[0].to(own.labels.device)
        for i, (own, class_map) in enumerate(zip(things, class_maps))
    ]
    # Of each image: which things, then which stuff classes have a pixel.
    seen = [
        torch.cat((own.flatten(1).any(1), _classes_of(class_map, num_classes)
                   [num_things_classes:]))
        for own, class_map in zip(masks, class_maps)
    ]
    on_host = torch.cat(seen).cpu().split([len(own) for own in seen])
    targets = []
    for own, thing_masks, class_map, kept in zip(things, masks, class_maps,
                                                 on_host):
        kept_things, stuff = (
            part.nonzero()[:, 0].to(own.labels.device, non_blocking=True)
            for part in (kept[:len(own.labels)], kept[len(own.labels):]))
        stuff = stuff + num_things_classes
        targets.append(
            InstanceData(
                labels=torch.cat((own.labels[kept_things], stuff)),
                masks=torch.cat((thing_masks[kept_things],
                                 class_map == stuff.view(-1, 1, 1)))))
    return targets


def _classes_of(class_map: Tensor, num_classes: int) -> Tensor:
    """Classes that a map holds, bool [C]."""
    known = (class_map >= 0) & (class_map < num_classes)
    index = torch.where(known, class_map.long(), num_classes).flatten()
    found = class_map.new_zeros(num_classes + 1, dtype=torch.bool)
    return found.scatter_(0, index, True)[:-1]


def targets_of_samples(samples: SampleList, num_things_classes: int,
                       num_classes: int) -> InstanceList:
    """:func:`panoptic_targets` of ``gt_instances`` and ``gt_sem_seg``."""
    return panoptic_targets([sample.gt_instances for sample in samples],
                            [sample.get('gt_sem_seg') for sample in samples],
                            num_things_classes, num_classes)


def targets_of_segments(labels: List[PanopticSegments]) -> InstanceList:
    """Segments as targets of the criterion.

    Args:
        labels (list[PanopticSegments]): Of each image, [H, W].

    Returns:
        list[InstanceData]: ``labels`` int64 [n] and ``masks`` bool [n, H, W]
        of each image.
    """
    return [
        InstanceData(labels=label.labels, masks=label.masks())
        for label in labels
    ]
