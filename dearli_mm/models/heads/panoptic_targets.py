"""Things and stuff of the ground truth as one list of targets."""
from typing import Optional, Sequence

import torch
from mmdet.structures import SampleList
from mmdet.utils import InstanceList
from mmengine.structures import InstanceData, PixelData
from torch import Tensor

from dearli_mm.utils import HostCopy


class PanopticTargets:
    """Segments of some images, which the device is asked for.

    How many there are is a question of pixels: things may be cropped away, and
    stuff is what a class map holds. The answer travels to the host while other
    work is queued; :meth:`wait` takes it.

    Args:
        things (Sequence[InstanceData]): ``labels`` int64 [n] and ``masks``
            (BitmapMasks) of each image.
        class_maps (Sequence[PixelData | None]): ``sem_seg`` integer
            [1, H, W]; stuff is taken of them, other values count as void.
        num_things_classes (int): Number of thing classes; they come first.
        num_classes (int): Number of classes C.
    """

    def __init__(self, things: Sequence[InstanceData],
                 class_maps: Sequence[Optional[PixelData]],
                 num_things_classes: int, num_classes: int) -> None:
        self._num_things_classes = num_things_classes
        self._labels = [own.labels for own in things]
        self._masks = [
            own.masks.to_tensor(torch.bool, own.labels.device)
            for own in things
        ]
        self._class_maps = [
            None if own is None else own.sem_seg[0].to(labels.device)
            for own, labels in zip(class_maps, self._labels)
        ]
        seen = [masks.flatten(1).any(1) for masks in self._masks]
        stuff = [
            _classes_of(class_map, num_classes)[num_things_classes:]
            for class_map in self._class_maps if class_map is not None
        ]
        self._seen = HostCopy(torch.cat(seen + stuff))

    @classmethod
    def of_samples(cls, samples: SampleList, num_things_classes: int,
                   num_classes: int) -> 'PanopticTargets':
        """Those of ``gt_instances`` and ``gt_sem_seg`` of samples."""
        return cls([sample.gt_instances for sample in samples],
                   [sample.get('gt_sem_seg') for sample in samples],
                   num_things_classes, num_classes)

    def wait(self) -> InstanceList:
        """The targets.

        Returns:
            list[InstanceData]: ``labels`` int64 [n] and ``masks`` bool
            [n, H, W] of each image, things before stuff; segments without a
            pixel are left out.
        """
        seen = self._seen.wait()
        num_things = [len(labels) for labels in self._labels]
        num_maps = sum(own is not None for own in self._class_maps)
        things = seen[:sum(num_things)].split(num_things)
        stuff = iter(seen[sum(num_things):].view(num_maps, -1) if num_maps
                     else ())
        return [
            self._targets(index, things[index],
                          None if class_map is None else next(stuff))
            for index, class_map in enumerate(self._class_maps)
        ]

    def _targets(self, index: int, things: Tensor,
                 stuff: Optional[Tensor]) -> InstanceData:
        labels, masks = self._labels[index], self._masks[index]
        if not things.all():
            kept = _indices(things, labels.device)
            labels, masks = labels[kept], masks[kept]
        if stuff is not None:
            classes = _indices(stuff, labels.device) + self._num_things_classes
            stuff_masks = self._class_maps[index] == classes.view(-1, 1, 1)
            labels = torch.cat((labels, classes))
            masks = torch.cat((masks, stuff_masks))
        return InstanceData(labels=labels, masks=masks)


def _classes_of(class_map: Tensor, num_classes: int) -> Tensor:
    """Classes that a map holds, bool [C]."""
    known = (class_map >= 0) & (class_map < num_classes)
    index = torch.where(known, class_map.long(), num_classes).flatten()
    found = class_map.new_zeros(num_classes + 1, dtype=torch.bool)
    return found.scatter_(0, index, True)[:-1]


def _indices(chosen: Tensor, device: torch.device) -> Tensor:
    """Where a tensor of the host is True, on the device."""
    return chosen.nonzero()[:, 0].to(device, non_blocking=True)
