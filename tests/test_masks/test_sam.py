"""SAM: the masks of segment-anything's own generator."""
import numpy as np
import pytest
import segment_anything
import torch
from pycocotools import mask as coco_mask

from dearli_mm.masks import MASK_GENERATORS, SAM
from dearli_mm.masks.benchmark import (compare, generator_around,
                                                quantile_thresholds,
                                                small_random_sam)
from dearli_mm.masks.rle import encode_masks, mask_boxes


@pytest.fixture(scope='module')
def model():
    return small_random_sam(128, width=32)


@pytest.fixture(scope='module')
def image():
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 255, (5, 7, 3), np.uint8)
    return coarse.repeat(15, 0).repeat(16, 1)


@pytest.mark.parametrize(
    'options',
    [
        dict(),
        dict(points_per_batch=7),
        dict(crop_n_layers=1, crop_n_points_downscale_factor=2),
        dict(min_mask_region_area=60),
    ],
    ids=lambda options: next(iter(options), 'plain'))
def test_masks_are_those_of_segment_anything(model, image, options):
    thresholds = quantile_thresholds(model, image, 0.6, points_per_side=6)
    _, (result, ) = compare(model, [image], points_per_side=6,
                            box_nms_thresh=0.9, **thresholds, **options)
    assert result['theirs'] == result['ours'] > 2
    assert result['iou'] > 0.999


def test_attributes_are_those_of_segment_anything(model, image):
    options = dict(points_per_side=4, box_nms_thresh=0.95,
                   **quantile_thresholds(model, image, 0.7,
                                         points_per_side=4))
    theirs = segment_anything.SamAutomaticMaskGenerator(model, **options)
    pairs = list(zip(theirs.generate(image),
                     generator_around(model, **options).generate(image)))
    assert pairs
    for a, b in pairs:
        mask = coco_mask.decode(b['segmentation'])
        assert b['area'] == mask.sum() == a['area']
        assert b['predicted_iou'] == pytest.approx(a['predicted_iou'],
                                                   abs=1e-5)
        assert b['stability_score'] == pytest.approx(a['stability_score'],
                                                     abs=1e-5)
        assert b['point_coords'][0] == pytest.approx(a['point_coords'][0],
                                                     abs=1e-3)
        assert b['crop_box'] == a['crop_box']
        # COCO's boxes hold the last row and column, segment-anything's not.
        x, y, w, h = a['bbox']
        assert b['bbox'] == [x, y, w + 1, h + 1]


def test_thresholds_that_nothing_passes(model, image):
    generator = generator_around(model, points_per_side=2,
                                 pred_iou_thresh=1e9)
    assert generator.generate(image) == []


@pytest.fixture
def checkpoint(model, monkeypatch, tmp_path):
    monkeypatch.setitem(segment_anything.sam_model_registry, 'small',
                        lambda checkpoint: small_random_sam(128, 32, seed=9))
    path = tmp_path / 'sam.pth'
    torch.save(model.state_dict(), path)
    return str(path)


def test_registered_generator_loads_a_checkpoint(checkpoint, model, image):
    options = dict(points_per_side=3, pred_iou_thresh=-1.,
                   stability_score_thresh=0.2)
    generator = MASK_GENERATORS.get('sam')(
        checkpoint=checkpoint, model_type='small', device='cpu', **options)
    assert generator.generate(image) == generator_around(
        model, **options).generate(image)
    settings = generator.settings()
    assert settings['weights'].startswith('sha256:')
    assert settings['version'] == 'segment-anything 1.0'
    assert not {'checkpoint', 'device', 'points_per_batch'} & set(settings)


def test_bad_checkpoints(checkpoint, tmp_path):
    with pytest.raises(FileNotFoundError, match='segment-anything#model'):
        SAM(checkpoint=str(tmp_path / 'none.pth'))
    with pytest.raises(ValueError, match="model_type='vit_x' is none of"):
        SAM(checkpoint=checkpoint, model_type='vit_x').prepare()
    torch.save(dict(weight=torch.zeros(1)), tmp_path / 'other.pth')
    with pytest.raises(ValueError, match='does not hold weights of'):
        SAM(checkpoint=str(tmp_path / 'other.pth'),
            model_type='small').prepare()


def test_rle_and_boxes_of_many_masks():
    masks = torch.rand(300, 9, 7) > 0.6  # more than a byte counts
    masks[0], masks[1] = False, True
    rles = encode_masks(masks)
    decoded = torch.from_numpy(coco_mask.decode(rles)).permute(2, 0, 1)
    assert torch.equal(decoded.bool(), masks)
    assert rles == coco_mask.encode(
        np.asfortranarray(masks.permute(1, 2, 0).numpy().astype(np.uint8)))
    boxes = mask_boxes(masks).double()
    boxes[1:, 2:] += 1 - boxes[1:, :2]
    assert torch.equal(boxes, torch.from_numpy(coco_mask.toBbox(rles)))
    assert encode_masks(masks[:0]) == []
