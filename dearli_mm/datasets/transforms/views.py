"""Whole pipelines that depend on one number, the side of the crop.

A config names a view and its size; so a child replaces a pipeline in one
line. Who needs other steps writes the steps of a view as a list instead: all
of them are registered.
"""
from typing import Optional, Sequence

from mmcv.transforms import Compose, TestTimeAug
from mmdet.registry import TRANSFORMS

# What metrics, visualizer and merging of views ask a test image for.
META_KEYS = ('img_id', 'img_name', 'img_path', 'ori_shape', 'img_shape',
             'scale_factor', 'flip', 'flip_direction', 'seg_map_path',
             'segments_info')


@TRANSFORMS.register_module()
class LabeledView(Compose):
    """What a labelled image goes through in training, file to tensors.

    ``LoadAnyImage``, its annotation, ``RandomScaleCropFlip``,
    ``SSDColorAugment``, ``PackDetInputs``. Source: DEARLi section 4.

    Args:
        size (int): Side of the crop, in pixels.
        annotation (dict): Transform that loads the segments. Defaults to
            ``LoadPanopticSegments``.
        exif (bool): See :class:`LoadAnyImage`. Defaults to True.
        **geometry: More of :class:`RandomScaleCropFlip`.
    """

    def __init__(self,
                 size: int,
                 annotation: dict = dict(type='mmdet.LoadPanopticSegments'),
                 exif: bool = True,
                 **geometry) -> None:
        super().__init__([
            dict(type='mmdet.LoadAnyImage', exif=exif), annotation,
            dict(type='mmdet.RandomScaleCropFlip', size=size, **geometry),
            dict(type='mmdet.SSDColorAugment'),
            dict(type='mmdet.PackDetInputs')
        ])


@TRANSFORMS.register_module()
class WarmUpView(Compose):
    """What an image of the warm-up goes through, file to tensors.

    As :class:`LabeledView`, with the class-agnostic masks of
    ``LoadSAMMasks``, limited by ``LimitMasks`` after the crop. Source: DEARLi
    section 3.3.

    Args:
        size (int): Side of the crop, in pixels.
        max_masks (int, optional): Masks to keep per image, the largest.
            Defaults to None, which keeps all.
        **geometry: More of :class:`RandomScaleCropFlip`.
    """

    def __init__(self,
                 size: int,
                 max_masks: Optional[int] = None,
                 **geometry) -> None:
        super().__init__([
            dict(type='mmdet.LoadAnyImage'),
            dict(type='mmdet.LoadSAMMasks'),
            dict(type='mmdet.RandomScaleCropFlip', size=size, **geometry),
            dict(type='mmdet.LimitMasks', max_masks=max_masks),
            dict(type='mmdet.SSDColorAugment'),
            dict(type='mmdet.PackDetInputs')
        ])


@TRANSFORMS.register_module()
class TestView(Compose):
    """What a loaded image goes through at test: one size, and packing.

    Behind ``LoadAnyImage``, which stays a step of its own: inference replaces
    it by arrays.

    Args:
        size (int): The short side, in pixels; the long one is at most four
            times as long.
    """
    __test__ = False  # of pytest

    def __init__(self, size: int) -> None:
        super().__init__([_short_side(size), _pack()])


@TRANSFORMS.register_module()
class TestTimeViews(TestTimeAug):
    """The views of ``--tta``: some sizes, each also flipped.

    Behind ``LoadAnyImage``, as :class:`TestView`, which the first view is.

    Args:
        size (int): The short side of the first view, in pixels.
        scales (Sequence[float]): Short sides, in ``size``. Defaults to
            (1, 0.75, 1.25).
    """
    __test__ = False  # of pytest

    def __init__(self,
                 size: int,
                 scales: Sequence[float] = (1, 0.75, 1.25)) -> None:
        super().__init__([
            [_short_side(int(size * scale)) for scale in scales],
            [
                dict(type='mmdet.RandomFlip', prob=prob)
                for prob in (0., 1.)  # first: the reference of merging
            ],
            [_pack()],
        ])


def _short_side(size: int) -> dict:
    return dict(
        type='mmdet.AntialiasResize', scale=(4 * size, size), keep_ratio=True)


def _pack() -> dict:
    return dict(type='mmdet.PackDetInputs', meta_keys=META_KEYS)
