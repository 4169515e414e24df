"""Our SAM post-processing beside segment-anything's, on a random SAM."""
import time
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, Dict, Iterator, List, Sequence, Tuple
from unittest import mock

import numpy as np
import torch
from pycocotools import mask as coco_mask
from torch import nn

from . import sam as ours
from .sam import SAM

# What both do: part, and the places (object, attribute) that do it. The
# attributes of the network are added by `compare`.
_OURS = {'thresholds and boxes': ((SAM, '_stability_and_boxes'), ),
         'suppression': ((ours, 'nms'), ),
         'RLE': ((ours, 'encode_masks'), (ours, 'coco_instances'))}


def small_random_sam(image_size: int = 1024,
                     width: int = 64,
                     depth: int = 2,
                     seed: int = 0) -> nn.Module:
    """A SAM of segment-anything's own classes, small and with random weights.

    Its masks are made blobs that differ from point to point, with logits as
    large as those of a trained one: kernels of the upscaling are averaged,
    its result is normalised, and weights of the decoder are scaled.

    Args:
        image_size (int): Side of the input, a multiple of 16.
        width (int): Of all parts, a multiple of 16.
        depth (int): Of the image encoder.
        seed (int): Of the weights.
    """
    from segment_anything.modeling import (ImageEncoderViT, MaskDecoder,
                                           PromptEncoder, Sam,
                                           TwoWayTransformer)
    side = image_size // 16
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(seed)
        model = Sam(
            ImageEncoderViT(
                img_size=image_size, embed_dim=width, depth=depth,
                num_heads=2, out_chans=width, use_rel_pos=True,
                window_size=14, global_attn_indexes=(depth - 1, ),
                norm_layer=partial(nn.LayerNorm, eps=1e-6)),
            PromptEncoder(width, (side, side), (image_size, image_size), 16),
            MaskDecoder(
                transformer_dim=width,
                transformer=TwoWayTransformer(
                    depth=2, embedding_dim=width, num_heads=2,
                    mlp_dim=2 * width),
                iou_head_hidden_dim=width))
        for layer in model.mask_decoder.output_upscaling:
            if isinstance(layer, nn.ConvTranspose2d):
                layer.weight[:] = layer.weight.mean((2, 3), keepdim=True)
        for weight in model.mask_decoder.transformer.parameters():
            if weight.ndim == 2:
                weight.mul_(8)
        for mlp in model.mask_decoder.output_hypernetworks_mlps:
            mlp.layers[-1].weight.mul_(40)
    model.mask_decoder.output_upscaling.append(
        nn.InstanceNorm2d(width // 8, track_running_stats=False))
    model.mask_threshold = 4.0
    return model.eval()


def generator_around(model: nn.Module, **options) -> SAM:
    """The generator ``sam`` of a network that is in memory."""
    generator = SAM(checkpoint=__file__, **options)
    generator.model = model
    return generator


def quantile_thresholds(model: nn.Module, image: np.ndarray, passing: float,
                        **options) -> Dict[str, float]:
    """Thresholds that a share of a random network's masks pass.

    Args:
        model (nn.Module): A SAM.
        image (np.ndarray): uint8 RGB [H, W, 3].
        passing (float): Share of all masks that pass the predicted IoU; as
            large a share of these passes the stability score.
        **options: Of :class:`SAM`.
    """
    chosen = {}
    for key, value in (('pred_iou_thresh', 'predicted_iou'),
                       ('stability_score_thresh', 'stability_score')):
        generator = generator_around(
            model, **dict(dict(pred_iou_thresh=-1e9, stability_score_thresh=0.,
                               box_nms_thresh=1.), **options, **chosen))
        scores = [found[value] for found in generator.generate(image)]
        chosen[key] = float(np.nanquantile(scores, 1 - passing))
    return chosen


def compare(model: nn.Module, images: Sequence[np.ndarray],
            **options) -> Tuple[str, List[Dict[str, Any]]]:
    """Run both generators and tell the time of their parts.

    Args:
        model (nn.Module): A SAM.
        images (Sequence[np.ndarray]): uint8 RGB.
        **options: Of :class:`SAM`.

    Returns:
        tuple[str, list[dict]]: A table, and for each image ``ours`` and
        ``theirs`` (numbers of masks) and ``iou``, the worst IoU of a mask of
        either with the nearest one of the other (1 if there is none).
    """
    from segment_anything import SamAutomaticMaskGenerator
    from segment_anything import automatic_mask_generator as amg
    settings = generator_around(model, **options).settings()
    theirs = SamAutomaticMaskGenerator(
        model, output_mode='coco_rle',
        points_per_batch=options.get('points_per_batch', 64),
        **{key: settings[key] for key in settings
           if key not in ('generator', 'model_type', 'version', 'weights')})
    network = {'image encoder': ((model.image_encoder, 'forward'), ),
               'mask decoder': ((model.mask_decoder, 'forward'), ),
               'enlarging': ((model, 'postprocess_masks'), )}
    their_parts = dict(network, **{
        'thresholds and boxes': ((amg, 'calculate_stability_score'),
                                 (amg, 'batched_mask_to_box')),
        'suppression': ((amg, 'batched_nms'), ),
        'RLE': ((amg, 'mask_to_rle_pytorch'), (amg, 'coco_encode_rle'))})
    results, times = {}, {}
    for name, generator, parts in (
            ('segment-anything', theirs, their_parts),
            ('dearli_mm', generator_around(model, **options),
             dict(network, **_OURS))):
        with _timed(parts) as times[name]:
            start = time.process_time()
            results[name] = [generator.generate(image) for image in images]
            times[name]['all'] = time.process_time() - start
    times['dearli_mm']['thresholds and boxes'] -= times['dearli_mm'][
        'enlarging within thresholds and boxes']
    agreement = [
        dict(theirs=len(a), ours=len(b), iou=_worst_match(a, b))
        for a, b in zip(*results.values())
    ]
    return _table(times, len(images), [*their_parts, 'all']), agreement


@contextmanager
def _timed(parts: Dict[str, Tuple]) -> Iterator[Dict[str, float]]:
    """CPU seconds spent in each part while the block runs."""
    times = {f'enlarging within {name}': 0. for name in parts}
    times.update(dict.fromkeys(parts, 0.))
    running = []

    def watch(part, function):

        def call(*args, **kwargs):
            running.append(part)
            start = time.process_time()
            try:
                return function(*args, **kwargs)
            finally:
                spent = time.process_time() - start
                running.pop()
                times[part] += spent
                if part == 'enlarging' and running:
                    times[f'enlarging within {running[-1]}'] += spent

        return call

    with ExitStack() as stack:
        for part, places in parts.items():
            for owner, attribute in places:
                stack.enter_context(
                    mock.patch.object(
                        owner, attribute,
                        watch(part, getattr(owner, attribute))))
        yield times


def _worst_match(a: List[dict], b: List[dict]) -> float:
    if not a and not b:
        return 1.
    if not a or not b:
        return 0.
    iou = coco_mask.iou([x['segmentation'] for x in a],
                        [x['segmentation'] for x in b], [0] * len(b))
    return float(min(iou.max(0).min(), iou.max(1).min()))


def _table(times: Dict[str, Dict[str, float]], num_images: int,
           parts: Sequence[str]) -> str:
    from terminaltables import AsciiTable
    rows = [['CPU ms an image', *times]]
    for part in parts:
        rows.append([part] + [
            f'{1000 * spent[part] / num_images:.0f}'
            for spent in times.values()
        ])
    rows.append(['images/s'] + [
        f'{num_images / spent["all"]:.3f}' for spent in times.values()
    ])
    table = AsciiTable(rows)
    table.justify_columns = {1: 'right', 2: 'right'}
    return table.table
