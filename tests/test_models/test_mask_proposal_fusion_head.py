"""Masks of all queries, out of the detector."""
import numpy as np
import pytest
import torch
from golden_clip import golden_detector, register_golden_clip
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData
from pycocotools import mask as coco_mask

from dearli_mm.datasets.masks import PackedMasks


@pytest.fixture
def model(tmp_path):
    register_golden_clip(tmp_path)
    config = golden_detector(['object'], 1, 0, alpha=0.0, max_per_img=6)
    config['panoptic_fusion_head']['type'] = 'MaskProposalFusionHead'
    return MODELS.build(config).eval()


def sample(img_shape, ori_shape):
    return DetDataSample(
        metainfo=dict(img_shape=img_shape, ori_shape=ori_shape,
                      batch_input_shape=(64, 96)))


@torch.no_grad()
def test_detector_gives_its_proposals(model):
    samples = [sample((64, 96), (128, 192)), sample((48, 64), (33, 44))]
    samples = model.predict(torch.randn(2, 3, 64, 96), samples)
    for result, shape in zip(samples, ((128, 192), (33, 44))):
        found = result.pred_instances
        assert found.masks.shape == (6, *shape)
        assert found.masks.dtype == torch.bool
        assert (found.scores.diff() <= 0).all()
        assert not found.labels.any()


def test_the_best_are_kept_and_padding_does_not_count(model):
    logits = torch.full((1, 10, 16, 24), -5.)
    logits[0, 3, :12, :10] = 9.  # sure
    logits[0, 7, 2:5, 2:5] = 1.  # less so
    logits[0, 8, 12:, 16:] = 20.  # in the padding
    result, = model.panoptic_fusion_head.predict(
        None, logits, [sample((48, 64), (48, 64))])
    found = result['instances']
    assert found.masks[0].float().mean() > found.masks[1].float().mean() > 0
    assert found.scores[0] > found.scores[1] > found.scores[2] == 0
    result, = model.panoptic_fusion_head.predict(
        None, logits, [sample((48, 64), (96, 128))], rescale=False)
    assert result['instances'].masks.shape == (6, 48, 64)


@pytest.mark.parametrize('counts', [(0, 0), (0, 2)])
def test_crops_without_masks_are_no_trouble(model, counts):
    samples = []
    for count in counts:
        masks = np.zeros((count, 64, 96), bool)
        masks[:, 8:40, 8:40] = True
        rles = coco_mask.encode(
            np.asfortranarray(masks.transpose(1, 2, 0).view(np.uint8)))
        given = sample((64, 96), (64, 96))
        given.gt_instances = InstanceData(
            labels=torch.zeros(count, dtype=torch.int64),
            masks=PackedMasks.from_rle(rles, 64, 96))
        samples.append(given)
    losses = model.loss(torch.randn(2, 3, 64, 96), samples)
    total = sum(losses.values())
    total.backward()
    assert torch.isfinite(total)
    assert (losses['loss_mask'] > 0) == (sum(counts) > 0)
