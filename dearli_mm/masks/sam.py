"""Masks of Segment Anything 1 and 2, made by the packages' own generators."""
import dataclasses
from functools import cached_property
from pathlib import Path
from typing import Any, Dict, List, Tuple

import numpy as np
import torch
from segment_anything import SamAutomaticMaskGenerator, sam_model_registry
from segment_anything.utils.amg import (MaskData, batched_mask_to_box,
                                        calculate_stability_score,
                                        is_box_near_crop_edge,
                                        mask_to_rle_pytorch, uncrop_masks)
from torch import nn

from ..utils.plain_files import load_plain
from .registry import MASK_GENERATORS, MaskGenerator, coco_instances, option


@dataclasses.dataclass
class SegmentAnything(MaskGenerator):
    """What both generators share.

    Subclasses have a cached property ``generator``: the package's generator
    of COCO RLEs.

    Attributes:
        network (str): Name of the option that chooses the network.
        weights_url (str): Where its weights can be had.
    """
    network = ''
    weights_url = ''

    checkpoint: str = option(help='file of weights', affects_masks=False)
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
        if not Path(self.checkpoint).is_file():
            raise FileNotFoundError(
                f'checkpoint={self.checkpoint!r}: no such file. Get the '
                f'weights of {getattr(self, self.network)} from '
                f'{self.weights_url} and give their path; nothing is '
                'downloaded silently')

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
        return coco_instances(rles, [mask['predicted_iou'] for mask in found],
                              [mask['stability_score'] for mask in found],
                              [mask['crop_box'] for mask in found],
                              [mask['point_coords'][0] for mask in found])

    def _options(self) -> Dict[str, Any]:
        """Arguments of the package's generator."""
        own = ('checkpoint', 'device', self.network)
        return dict(
            {
                field.name: getattr(self, field.name)
                for field in dataclasses.fields(self) if field.name not in own
            },
            output_mode='coco_rle')

    def _with_weights(self, model: nn.Module) -> nn.Module:
        """The model with the weights of the file, on its device."""
        weights = load_plain(self.checkpoint, 'checkpoint')
        try:
            model.load_state_dict(weights.get('model', weights))
        except RuntimeError as error:
            raise ValueError(
                f'{self.checkpoint} does not hold weights of {self.network}='
                f'{getattr(self, self.network)!r}: {str(error)[:300]} ... '
                f'Correct {self.network} or checkpoint') from error
        device = self.device
        if device == 'auto':
            device = 'cuda' if torch.cuda.is_available() else \
                'mps' if torch.backends.mps.is_available() else 'cpu'
        return model.to(device).eval()


@MASK_GENERATORS.register_module(name='sam')
@dataclasses.dataclass
class SAM(SegmentAnything):
    """Segment Anything 1, prompted with a grid of points.

    Source: Kirillov et al., Segment Anything, appendix B; DEARLi section 4.
    """
    package = 'segment-anything'
    network = 'model_type'
    weights_url = ('https://github.com/facebookresearch/segment-anything'
                   '#model-checkpoints')

    model_type: str = option('vit_h', help='vit_h, vit_l or vit_b')
    crop_nms_thresh: float = option(
        0.7, help='as box-nms-thresh, between crops')
    crop_overlap_ratio: float = option(
        512 / 1500, help='overlap of crops, in short sides of the image')
    crop_n_points_downscale_factor: int = option(
        1, help='points per side are divided by this from layer to layer')

    @cached_property
    def generator(self) -> SamAutomaticMaskGenerator:
        """segment-anything's generator around the network."""
        if self.model_type not in sam_model_registry:
            raise ValueError(f'model_type={self.model_type!r} is none of '
                             f'{sorted(sam_model_registry)}')
        model = sam_model_registry[self.model_type](checkpoint=None)
        return _EarlyFilter(self._with_weights(model), **self._options())


@MASK_GENERATORS.register_module(name='sam2')
@dataclasses.dataclass
class SAM2(SegmentAnything):
    """Segment Anything 2, prompted with a grid of points.

    Needs the package ``sam2``. Defaults are the thresholds of the paper for
    SAM 1. Source: Ravi et al., SAM 2: Segment Anything in Images and Videos.
    """
    package = 'sam2'
    network = 'config'
    weights_url = 'https://github.com/facebookresearch/sam2#download-checkpoints'

    config: str = option(
        'configs/sam2.1/sam2.1_hiera_l.yaml',
        help="the network, one of sam2's own configs")

    def __post_init__(self) -> None:
        try:
            import sam2.automatic_mask_generator  # noqa: F401
        except ImportError as error:
            raise ImportError(
                "the generator 'sam2' needs the package sam2: pip install "
                'sam2 (https://github.com/facebookresearch/sam2), or use '
                "'sam'") from error
        super().__post_init__()

    @cached_property
    def generator(self) -> Any:
        """sam2's generator around the network."""
        from sam2.automatic_mask_generator import SAM2AutomaticMaskGenerator
        from sam2.build_sam import build_sam2
        model = build_sam2(self.config, ckpt_path=None, device='cpu')
        return SAM2AutomaticMaskGenerator(
            self._with_weights(model), **self._options())


class _EarlyFilter(SamAutomaticMaskGenerator):
    """The same masks in less memory and time.

    Masks are enlarged from the decoder's 256 x 256 pixels only if their
    predicted IoU passes; segment-anything enlarges all of them first.
    """

    def _process_batch(self, points: np.ndarray, im_size: Tuple[int, ...],
                       crop_box: List[int],
                       orig_size: Tuple[int, ...]) -> MaskData:
        threshold = self.predictor.model.mask_threshold
        data = self._decode(points, im_size)
        masks = self.predictor.model.postprocess_masks(
            data['masks'][:, None], self.predictor.input_size,
            self.predictor.original_size)[:, 0]
        data['stability_score'] = calculate_stability_score(
            masks, threshold, self.stability_score_offset)
        data['masks'] = masks > threshold
        if self.stability_score_thresh > 0:
            data.filter(
                data['stability_score'] >= self.stability_score_thresh)
        data['boxes'] = batched_mask_to_box(data['masks'])
        height, width = orig_size
        # Cut off by the crop, so another crop has them whole.
        data.filter(~is_box_near_crop_edge(data['boxes'], crop_box,
                                           [0, 0, width, height]))
        data['rles'] = mask_to_rle_pytorch(
            uncrop_masks(data['masks'], crop_box, height, width))
        del data['masks']
        return data

    def _decode(self, points: np.ndarray,
                im_size: Tuple[int, ...]) -> MaskData:
        """Masks [N, 256, 256] (logits) of points [P, 2] that pass."""
        predictor, model = self.predictor, self.predictor.model
        prompts = torch.as_tensor(
            predictor.transform.apply_coords(points, im_size),
            dtype=torch.float32,  # MPS has no other
            device=predictor.device)[:, None]
        labels = torch.ones_like(prompts[..., 0], dtype=torch.int)
        sparse, dense = model.prompt_encoder((prompts, labels), None, None)
        masks, iou = model.mask_decoder(
            image_embeddings=predictor.features,
            image_pe=model.prompt_encoder.get_dense_pe(),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=True)
        data = MaskData(
            masks=masks.flatten(0, 1),
            iou_preds=iou.flatten(),
            points=torch.as_tensor(points.repeat(masks.shape[1], axis=0)))
        if self.pred_iou_thresh > 0:
            data.filter(data['iou_preds'] > self.pred_iou_thresh)
        return data
