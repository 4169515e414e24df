"""What a mask generator is, and the registry of them."""
import dataclasses
import hashlib
from importlib import metadata
from pathlib import Path
from typing import Any, Dict, List, Sequence

import numpy as np
from mmengine.registry import Registry
from pycocotools import mask as coco_mask

from ..version import __version__

# Register a subclass of MaskGenerator, and tools/sam_masks.py offers it, its
# fields as flags (--import names the module that registers it).
MASK_GENERATORS = Registry(
    'mask generator', scope='dearli_mm', locations=['dearli_mm.masks'])


def option(default: Any = dataclasses.MISSING,
           *,
           help: str,
           affects_masks: bool = True) -> Any:
    """A field of a generator, which is a flag of the command line too.

    Args:
        default: Its default; without one it must be given.
        help (str): One line for ``--help``.
        affects_masks (bool): Whether masks made with another value are other
            masks, which must not get into the same folder. Defaults to True.
    """
    return dataclasses.field(
        default=default,
        metadata=dict(help=help, affects_masks=affects_masks))


class MaskGenerator:
    """Makes class-agnostic masks of an image.

    Subclasses are dataclasses whose fields are :func:`option`; they set
    ``package`` and implement :meth:`generate`. What takes long, such as
    loading weights, belongs into :meth:`prepare`, not into the constructor.

    Attributes:
        package (str): Distribution that does the work; its version is noted.
    """
    package = 'dearli_mm'

    def prepare(self) -> None:
        """Get ready; an error in here stops the run."""

    def generate(self, image: np.ndarray) -> List[Dict[str, Any]]:
        """Masks of one image; they may overlap.

        Args:
            image (np.ndarray): uint8 RGB, shape [H, W, 3].

        Returns:
            list[dict]: For each mask ``segmentation`` (COCO RLE, ``counts`` a
            str), ``area``, ``bbox`` (COCO xywh), ``predicted_iou`` and
            ``stability_score`` (0..1), ``crop_box`` (xywh) and
            ``point_coords`` (list of (x, y)).
        """
        raise NotImplementedError

    def settings(self) -> Dict[str, Any]:
        """What determines the masks: name, options, weights, version."""
        settings = dict(generator=type(self).__name__)
        for field in dataclasses.fields(self):
            if field.metadata['affects_masks']:
                value = getattr(self, field.name)
                settings[field.name] = list(value) if isinstance(
                    value, tuple) else value
        # The content, not the path: the same weights may lie elsewhere.
        checkpoint = getattr(self, 'checkpoint', None)
        if checkpoint:
            settings['weights'] = f'sha256:{_sha256(Path(checkpoint))}'
        # The checkout itself need not be installed.
        version = __version__ if self.package == 'dearli_mm' else \
            metadata.version(self.package)
        return dict(settings, version=f'{self.package} {version}')


def encode_masks(masks: np.ndarray) -> List[dict]:
    """COCO RLE of masks.

    Args:
        masks (np.ndarray): bool [n, H, W].

    Returns:
        list[dict]: n compressed RLEs, ``counts`` in bytes.
    """
    return coco_mask.encode(
        np.asfortranarray(masks.transpose(1, 2, 0), np.uint8))


def coco_instances(rles: Sequence[dict], predicted_iou: Sequence[float],
                   stability_score: Sequence[float],
                   crop_box: Sequence[Sequence[int]],
                   point: Sequence[Sequence[float]]) -> List[Dict[str, Any]]:
    """COCO annotations of n masks; area and box are those of the masks.

    Args:
        rles (Sequence[dict]): Compressed RLE, ``counts`` in bytes.
        predicted_iou (Sequence[float]): [n].
        stability_score (Sequence[float]): [n].
        crop_box (Sequence[Sequence[int]]): [n, 4], (x, y, width, height).
        point (Sequence[Sequence[float]]): [n, 2], (x, y).
    """
    if not len(rles):
        return []
    boxes = coco_mask.toBbox(rles)
    # One at a time: pycocotools 2.0.11 fails on more than 255 with NumPy 2.
    areas = [coco_mask.area(rle) for rle in rles]
    return [
        dict(
            segmentation=dict(
                size=list(rle['size']), counts=rle['counts'].decode('ascii')),
            area=int(area),
            bbox=[int(value) for value in box],
            predicted_iou=round(float(iou), 5),
            stability_score=round(float(stability), 5),
            crop_box=[int(value) for value in crop],
            point_coords=[[round(float(value), 3) for value in xy]])
        for rle, area, box, iou, stability, crop, xy in zip(
            rles, areas, boxes, predicted_iou, stability_score, crop_box,
            point)
    ]


def _sha256(path: Path) -> str:
    result = hashlib.sha256()
    with path.open('rb') as file:
        for block in iter(lambda: file.read(1 << 24), b''):
            result.update(block)
    return result.hexdigest()
