"""The public datasets that configs name: their classes and colours."""
from mmdet.datasets import (ADE20KPanopticDataset, CityscapesDataset,
                            CocoPanopticDataset, VOCDataset)
from mmdet.registry import DATASETS

from .panoptic_dataset import PanopticDataset


def _metainfo(things: dict, stuff: dict) -> dict:
    """Metainfo of things (mmdet's metainfo) and stuff (colour by name)."""
    classes = tuple(things['classes'])
    return dict(
        classes=(*classes, *stuff),
        thing_classes=classes,
        stuff_classes=tuple(stuff),
        palette=[*things['palette'][:len(classes)], *stuff.values()])


@DATASETS.register_module()
class COCOPanopticDataset(PanopticDataset):
    """COCO panoptic: 80 things, 53 stuff classes."""

    METAINFO = CocoPanopticDataset.METAINFO


@DATASETS.register_module()
class ADE20K150PanopticDataset(PanopticDataset):
    """ADE20K's 150 classes, as ``ade20k_panoptic.py`` converts them."""

    METAINFO = ADE20KPanopticDataset.METAINFO


@DATASETS.register_module()
class COCOObjectsPanopticDataset(PanopticDataset):
    """COCO with its 80 things, and all else as one stuff class.

    ``tools/dataset_converters/coco_objects.py`` makes the files from COCO
    panoptic. Source: DEARLi section 4 (COCO-Objects).
    """

    METAINFO = _metainfo(
        dict(classes=CocoPanopticDataset.METAINFO['thing_classes'],
             palette=CocoPanopticDataset.METAINFO['palette']),
        dict(background=(96, 96, 96)))


@DATASETS.register_module()
class CityscapesPanopticDataset(PanopticDataset):
    """Cityscapes: 8 things, 11 stuff classes, each in the benchmark's order.

    ``tools/dataset_converters/cityscapes_panoptic.py`` makes the files.
    Source: cityscapesScripts, ``helpers/labels.py`` (names and colours).
    """

    METAINFO = _metainfo(CityscapesDataset.METAINFO, {
        'road': (128, 64, 128), 'sidewalk': (244, 35, 232),
        'building': (70, 70, 70), 'wall': (102, 102, 156),
        'fence': (190, 153, 153), 'pole': (153, 153, 153),
        'traffic light': (250, 170, 30), 'traffic sign': (220, 220, 0),
        'vegetation': (107, 142, 35), 'terrain': (152, 251, 152),
        'sky': (70, 130, 180)})


@DATASETS.register_module()
class VOC2012PanopticDataset(PanopticDataset):
    """Pascal VOC 2012: 20 things, and all else as the stuff ``background``.

    ``tools/dataset_converters/voc2012_panoptic.py`` makes the files.
    """

    METAINFO = _metainfo(VOCDataset.METAINFO, dict(background=(96, 96, 96)))
