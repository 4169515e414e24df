"""Segment Anything's masks of everything, made in batches."""
import dataclasses
from functools import cached_property
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Tuple

import numpy as np
import torch
from torch import Tensor
from torchvision.ops import nms

from .registry import (MASK_GENERATORS, MaskGenerator, coco_instances,
                       option)
from .rle import encode_masks, mask_boxes
from .small_regions import remove_small_regions

WEIGHTS_URL = ('https://github.com/facebookresearch/segment-anything'
               '#model-checkpoints')
# Masks that are at full size at one time; bounds memory, not results.
CHUNK = 16


class Candidates(NamedTuple):
    """Masks of one crop that passed the thresholds.

    Attributes:
        logits (Tensor): Of the mask decoder, [N, 256, 256].
        iou (Tensor): Predicted IoU, [N].
        stability (Tensor): [N].
        boxes (Tensor): In the crop, (x0, y0, x1, y1), int64 [N, 4].
        points (Tensor): Prompts, in the crop, (x, y), [N, 2].
    """
    logits: Tensor
    iou: Tensor
    stability: Tensor
    boxes: Tensor
    points: Tensor

    def select(self, index: Tensor) -> 'Candidates':
        """Those that a mask or a list of indices names."""
        return Candidates(*(value[index] for value in self))


@MASK_GENERATORS.register_module(name='sam')
@dataclasses.dataclass
class SAM(MaskGenerator):
    """Segment Anything 1, prompted with a grid of points.

    The masks are those of segment-anything's ``SamAutomaticMaskGenerator``.
    They are made faster: only masks whose predicted IoU passes are enlarged,
    candidates are kept at the decoder's size, and only what is left after
    non-maximum suppression is encoded. Source: Kirillov et al., Segment
    Anything, appendix B; DEARLi section 4.
    """
    package = 'segment-anything'

    checkpoint: str = option(
        help='weights of segment-anything', affects_masks=False)
    model_type: str = option('vit_h', help='vit_h, vit_l or vit_b')
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
    crop_nms_thresh: float = option(
        0.7, help='as box-nms-thresh, between crops')
    crop_overlap_ratio: float = option(
        512 / 1500, help='overlap of crops, in short sides of the image')
    crop_n_points_downscale_factor: int = option(
        1, help='points a side are divided by this from layer to layer')
    min_mask_region_area: int = option(
        0, help='fill holes and remove islands of fewer pixels')
    points_per_batch: int = option(
        64, help='points that are decoded at one time', affects_masks=False)
    device: str = option(
        'auto', help='cuda, cpu, ...', affects_masks=False)

    def __post_init__(self) -> None:
        if not Path(self.checkpoint).is_file():
            raise FileNotFoundError(
                f'checkpoint={self.checkpoint!r}: no such file. Get the '
                f'weights of {self.model_type} from {WEIGHTS_URL} and give '
                'their path; nothing is downloaded silently')

    @cached_property
    def model(self) -> torch.nn.Module:
        """The network, on its device."""
        from segment_anything import sam_model_registry
        if self.model_type not in sam_model_registry:
            raise ValueError(f'model_type={self.model_type!r} is none of '
                             f'{sorted(sam_model_registry)}')
        model = sam_model_registry[self.model_type](checkpoint=None)
        weights = torch.load(
            self.checkpoint, map_location='cpu', weights_only=True)
        try:
            model.load_state_dict(weights)
        except RuntimeError as error:
            raise ValueError(
                f'{self.checkpoint} does not hold weights of '
                f'model_type={self.model_type!r}: {str(error)[:300]} ... '
                'Correct model_type or checkpoint') from error
        device = self.device
        if device == 'auto':
            device = 'cuda' if torch.cuda.is_available() else 'cpu'
        return model.to(device).eval()

    @cached_property
    def predictor(self):
        """segment-anything's predictor around the network."""
        from segment_anything import SamPredictor
        return SamPredictor(self.model)

    def prepare(self) -> None:
        """Load the network."""
        self.predictor

    @cached_property
    def point_grids(self) -> List[np.ndarray]:
        """Points of each layer of crops, in 0..1, [P, 2]."""
        from segment_anything.utils.amg import build_all_layer_point_grids
        return build_all_layer_point_grids(
            self.points_per_side, self.crop_n_layers,
            self.crop_n_points_downscale_factor)

    @torch.inference_mode()
    def generate(self, image: np.ndarray) -> List[Dict[str, Any]]:
        """See :meth:`MaskGenerator.generate`."""
        from segment_anything.utils.amg import generate_crop_boxes
        size = image.shape[:2]
        crops = list(
            zip(*generate_crop_boxes(size, self.crop_n_layers,
                                     self.crop_overlap_ratio)))
        instances, boxes = [], []
        for crop_box, layer in crops:
            found, found_boxes = self._process_crop(image, crop_box, layer)
            instances += found
            boxes.append(found_boxes)
        if len(crops) > 1 and instances:
            # Masks of smaller crops are better ones.
            scores = [1 / (w * h) for *_, w, h in
                      (instance['crop_box'] for instance in instances)]
            keep = nms(
                torch.cat(boxes).float(), torch.tensor(scores),
                self.crop_nms_thresh)
            instances = [instances[index] for index in keep]
        if self.min_mask_region_area > 0:
            instances = remove_small_regions(
                instances, self.min_mask_region_area,
                max(self.box_nms_thresh, self.crop_nms_thresh))
        return instances

    def _process_crop(self, image: np.ndarray, crop_box: List[int],
                      layer: int) -> Tuple[List[dict], Tensor]:
        """Annotations of a crop and their boxes, on the whole image."""
        from segment_anything.utils.amg import uncrop_masks
        x0, y0, x1, y1 = crop_box
        height, width = image.shape[:2]
        self.predictor.set_image(image[y0:y1, x0:x1])
        grid = self.point_grids[layer] * (x1 - x0, y1 - y0)
        batches = [
            self._decode(grid[start:start + self.points_per_batch], crop_box,
                         (width, height))
            for start in range(0, len(grid), self.points_per_batch)
        ]
        found = Candidates(*map(torch.cat, zip(*batches)))
        keep = nms(found.boxes.float(), found.iou, self.box_nms_thresh)
        found = found.select(keep)
        rles = []
        for logits in found.logits.split(CHUNK):
            masks = self._enlarge(logits) > self.model.mask_threshold
            rles += encode_masks(uncrop_masks(masks, crop_box, height, width))
        self.predictor.reset_image()
        corner = found.boxes.new_tensor([x0, y0])
        instances = coco_instances(rles, found.iou.tolist(),
                                   found.stability.tolist(),
                                   [crop_box] * len(rles),
                                   (found.points + corner).tolist())
        return instances, (found.boxes + corner.repeat(2)).cpu()

    def _decode(self, points: np.ndarray, crop_box: List[int],
                image_size: Tuple[int, int]) -> Candidates:
        """Candidates of a batch of points [P, 2] of a crop."""
        predictor, model = self.predictor, self.model
        prompts = torch.as_tensor(
            predictor.transform.apply_coords(points,
                                             predictor.original_size),
            device=predictor.device)[:, None]
        labels = torch.ones(prompts.shape[:2], dtype=torch.int,
                            device=prompts.device)
        sparse, dense = model.prompt_encoder(
            points=(prompts, labels), boxes=None, masks=None)
        logits, iou = model.mask_decoder(
            image_embeddings=predictor.features,
            image_pe=model.prompt_encoder.get_dense_pe(),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=True)
        per_point = logits.shape[1]
        places = torch.as_tensor(points, device=logits.device)
        places = places.repeat_interleave(per_point, 0)
        logits, iou = logits.flatten(0, 1), iou.flatten()
        if self.pred_iou_thresh > 0:
            keep = iou > self.pred_iou_thresh
            logits, iou, places = logits[keep], iou[keep], places[keep]
        stability, boxes = self._stability_and_boxes(logits)
        keep = ~_near_crop_edge(boxes, crop_box, image_size)
        if self.stability_score_thresh > 0:
            keep &= stability >= self.stability_score_thresh
        return Candidates(logits, iou, stability, boxes, places).select(keep)

    def _stability_and_boxes(self, logits: Tensor) -> Tuple[Tensor, Tensor]:
        """Stability [N] of enlarged masks, and boxes [N, 4] of stable ones."""
        threshold = self.model.mask_threshold
        offset = self.stability_score_offset
        stability = logits.new_zeros(len(logits))
        boxes = logits.new_zeros(len(logits), 4, dtype=torch.int64)
        for start in range(0, len(logits), CHUNK):
            part = slice(start, start + CHUNK)
            masks = self._enlarge(logits[part])
            stability[part] = (_count(masks > threshold + offset) /
                               _count(masks > threshold - offset))
            stable = stability[part] >= self.stability_score_thresh
            boxes[part][stable] = mask_boxes(masks[stable] > threshold)
        return stability, boxes

    def _enlarge(self, logits: Tensor) -> Tensor:
        """Logits [N, 256, 256] at the size of the crop."""
        return self.model.postprocess_masks(
            logits[:, None], self.predictor.input_size,
            self.predictor.original_size)[:, 0]


def _count(masks: Tensor) -> Tensor:
    # In two steps: a sum of bools to int64 would make a copy of 8 bytes each.
    return masks.sum(-1, dtype=torch.int16).sum(-1, dtype=torch.int32)


def _near_crop_edge(boxes: Tensor, crop_box: List[int],
                    image_size: Tuple[int, int]) -> Tensor:
    """Whether boxes [N, 4] are cut off by the crop, but not by the image."""
    from segment_anything.utils.amg import is_box_near_crop_edge
    return is_box_near_crop_edge(boxes, crop_box, [0, 0, *image_size])
