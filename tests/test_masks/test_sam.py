"""SAM: the masks of segment-anything's own generator."""
import numpy as np
import pytest
import segment_anything
import torch
from pycocotools import mask as coco_mask
from segment_anything import SamAutomaticMaskGenerator
from small_sam import small_random_sam

from dearli_mm.masks import MASK_GENERATORS, SAM, SAM2, encode_masks


@pytest.fixture(scope='module')
def model():
    return small_random_sam()


@pytest.fixture(scope='module')
def image():
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 255, (5, 7, 3), np.uint8)
    return coarse.repeat(15, 0).repeat(16, 1)


@pytest.fixture
def checkpoint(model, monkeypatch, tmp_path):
    monkeypatch.setitem(segment_anything.sam_model_registry, 'small',
                        lambda checkpoint: small_random_sam(seed=9))
    path = tmp_path / 'sam.pth'
    torch.save(model.state_dict(), path)
    return str(path)


@pytest.fixture(scope='module')
def thresholds(model, image):
    """Thresholds that three in five of the network's masks pass each."""
    options = dict(points_per_side=6, pred_iou_thresh=-1e9,
                   stability_score_thresh=0., box_nms_thresh=1.)
    chosen = {}
    for key, score in (('pred_iou_thresh', 'predicted_iou'),
                       ('stability_score_thresh', 'stability_score')):
        found = SamAutomaticMaskGenerator(
            model, **{**options, **chosen}).generate(image)
        chosen[key] = float(np.nanquantile([f[score] for f in found], 0.4))
    return chosen


@pytest.mark.parametrize(
    'options',
    [
        dict(),
        dict(points_per_batch=7),
        dict(crop_n_layers=1, crop_n_points_downscale_factor=2),
        dict(min_mask_region_area=60),
    ],
    ids=lambda options: next(iter(options), 'plain'))
def test_masks_are_those_of_segment_anything(checkpoint, model, image,
                                             thresholds, options):
    options = dict(points_per_side=6, box_nms_thresh=0.9, **thresholds,
                   **options)
    theirs = SamAutomaticMaskGenerator(model, **options).generate(image)
    ours = SAM(checkpoint, model_type='small', device='cpu',
               **options).generate(image)
    assert len(ours) == len(theirs) > 2
    for one, other in zip(ours, theirs):
        mask = coco_mask.decode(one['segmentation'])
        assert (mask == other['segmentation']).all()
        assert one['area'] == other['area'] == mask.sum()
        assert one['crop_box'] == other['crop_box']
        for key in ('predicted_iou', 'stability_score'):
            assert one[key] == pytest.approx(other[key], abs=1e-5)
        assert one['point_coords'][0] == pytest.approx(
            other['point_coords'][0], abs=1e-3)
        # COCO's boxes hold the last row and column, segment-anything's not.
        rows, columns = np.nonzero(mask)
        assert one['bbox'] == [columns.min(), rows.min(),
                               np.ptp(columns) + 1, np.ptp(rows) + 1]


def test_thresholds_that_nothing_passes(checkpoint, image):
    assert SAM(checkpoint, model_type='small', points_per_side=2,
               pred_iou_thresh=1e9).generate(image) == []


def test_settings_are_what_the_masks_depend_on(checkpoint):
    settings = MASK_GENERATORS.get('sam')(checkpoint=checkpoint).settings()
    assert settings['generator'] == 'SAM'
    assert settings['points_per_side'] == 32
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


def test_sam2_without_its_package(monkeypatch):
    monkeypatch.setitem(__import__('sys').modules,
                        'sam2.automatic_mask_generator', None)
    with pytest.raises(ImportError, match='pip install sam2'):
        SAM2(checkpoint='x.pt')


def test_rle_of_many_masks():
    masks = np.random.default_rng(0).random((300, 9, 7)) > 0.6  # over a byte
    decoded = coco_mask.decode(encode_masks(masks)).transpose(2, 0, 1)
    assert (decoded == masks).all()
    assert encode_masks(masks[:0]) == []


def test_points_are_float32(checkpoint, image):
    """MPS has no double precision."""
    generator = SAM(checkpoint=checkpoint, model_type='small',
                    points_per_side=2)
    encoder = generator.generator.predictor.model.prompt_encoder
    seen = []
    encoder.register_forward_pre_hook(
        lambda module, inputs: seen.append(inputs[0][0].dtype))
    generator.generate(image)
    assert set(seen) == {torch.float32}
