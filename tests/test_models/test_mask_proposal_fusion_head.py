"""Masks of all queries, out of the detector."""
import pytest
import torch
from golden_clip import golden_detector, register_golden_clip
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample


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
