"""Masks of Segment Anything 2, by its own generator."""
import dataclasses
from functools import cached_property
from pathlib import Path
from typing import Any, Dict, List

import numpy as np
import torch

from .registry import (MASK_GENERATORS, MaskGenerator, coco_instances,
                       option)

WEIGHTS_URL = 'https://github.com/facebookresearch/sam2#download-checkpoints'


@MASK_GENERATORS.register_module(name='sam2')
@dataclasses.dataclass
class SAM2(MaskGenerator):
    """Segment Anything 2, prompted with a grid of points.

    Needs the package ``sam2``. Defaults are the thresholds of the paper for
    SAM 1. Source: Ravi et al., SAM 2: Segment Anything in Images and Videos.
    """
    package = 'sam2'

    checkpoint: str = option(help='weights of sam2', affects_masks=False)
    config: str = option(
        'configs/sam2.1/sam2.1_hiera_l.yaml',
        help="the network, one of sam2's own configs")
    points_per_side: int = option(32, help='points of the grid along a side')
    pred_iou_thresh: float = option(
        0.88, help='keep masks of a predicted IoU above this')
    stability_score_thresh: float = option(
        0.95, help='keep masks at least this stable')
    stability_score_offset: float = option(
        1.0, help='shift of the threshold on logits that stability is under')
    box_nms_thresh: float = option(
        0.7, help='of masks with boxes of more IoU, keep the best')
    crop_n_layers: int = option(
        0, help='layers of crops; layer i has 4^i of them')
    min_mask_region_area: int = option(
        0, help='fill holes and remove islands of fewer pixels')
    points_per_batch: int = option(
        64, help='points that are decoded at one time', affects_masks=False)
    device: str = option(
        'auto', help='cuda, cpu, ...', affects_masks=False)

    def __post_init__(self) -> None:
        try:
            import sam2.automatic_mask_generator  # noqa: F401
        except ImportError as error:
            raise ImportError(
                "the generator 'sam2' needs the package sam2: pip install "
                'sam2 (https://github.com/facebookresearch/sam2), or use '
                "'sam'") from error
        if not Path(self.checkpoint).is_file():
            raise FileNotFoundError(
                f'checkpoint={self.checkpoint!r}: no such file. Get the '
                f'weights of {self.config} from {WEIGHTS_URL} and give their '
                'path; nothing is downloaded silently')

    @cached_property
    def generator(self):
        """sam2's own generator."""
        from sam2.automatic_mask_generator import SAM2AutomaticMaskGenerator
        from sam2.build_sam import build_sam2
        device = self.device
        if device == 'auto':
            device = 'cuda' if torch.cuda.is_available() else 'cpu'
        model = build_sam2(self.config, ckpt_path=None, device=device)
        weights = torch.load(
            self.checkpoint, map_location='cpu', weights_only=True)
        try:
            model.load_state_dict(weights.get('model', weights))
        except RuntimeError as error:
            raise ValueError(
                f'{self.checkpoint} does not hold weights of '
                f'config={self.config!r}: {str(error)[:300]} ... Correct '
                'config or checkpoint') from error
        options = {
            name: getattr(self, name)
            for name in ('points_per_side', 'pred_iou_thresh',
                         'stability_score_thresh', 'stability_score_offset',
                         'box_nms_thresh', 'crop_n_layers',
                         'min_mask_region_area', 'points_per_batch')
        }
        return SAM2AutomaticMaskGenerator(
            model, output_mode='coco_rle', **options)

    def prepare(self) -> None:
        """Load the network."""
        self.generator

    @torch.inference_mode()
    def generate(self, image: np.ndarray) -> List[Dict[str, Any]]:
        """See :meth:`MaskGenerator.generate`."""
        found = self.generator.generate(image)
        rles = [
            dict(mask['segmentation'],
                 counts=mask['segmentation']['counts'].encode())
            for mask in found
        ]
        boxes = np.array([mask['crop_box'] for mask in found]).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        return coco_instances(rles, [mask['predicted_iou'] for mask in found],
                              [mask['stability_score'] for mask in found],
                              boxes,
                              [mask['point_coords'][0] for mask in found])
