"""SSDColorAugment, against values worked by hand (pixels are B, G, R)."""
import numpy as np
import pytest
import torch

from dearli_mm.datasets import (PadToSize, SSDColorAugment,
                                StrongPhotometricAugment)
from dearli_mm.datasets.transforms.color import scale_levels
from dearli_mm.datasets.transforms.ssd_color import (scale_saturation,
                                                     shift_hue)

DRAWS = 400
HALF = range(160, 241)  # half of them, give or take four deviations
NOTHING = dict(brightness=0, contrast=(1, 1), saturation=(1, 1), hue=0)


def pixel(*bgr):
    return np.array([[bgr]], np.uint8)


def draws(augment, image):
    """The upper left pixel of the image in many draws."""
    torch.manual_seed(0)
    return [
        tuple(augment(dict(img=image))['img'][0, 0].tolist())
        for _ in range(DRAWS)
    ]


def test_brightness_adds_levels_and_clips():
    image = np.array([[[0, 10, 222], [223, 224, 255]],
                      [[1, 2, 3], [100, 128, 200]]], np.uint8)
    assert scale_levels(image, 1., 32.).tolist() == [
        [[32, 42, 254], [255, 255, 255]], [[33, 34, 35], [132, 160, 232]]]
    assert scale_levels(image, 1., -32.).tolist() == [
        [[0, 0, 190], [191, 192, 223]], [[0, 0, 0], [68, 96, 168]]]


def test_contrast_scales_levels_and_cuts_off():
    assert scale_levels(pixel(101, 170, 171), 1.5, 0.).tolist() == [[[
        151, 255, 255]]]  # 151.5, 255, 256.5
    assert scale_levels(pixel(101, 7, 255), 0.5, 0.).tolist() == [[[
        50, 3, 127]]]


def test_saturation_keeps_the_largest_channel():
    # Saturation 255 * (200 - 120) / 200 = 102.
    image = pixel(120, 120, 200)
    # 51: 200 - 200 * 51 / 255 = 160.
    assert scale_saturation(image, 0.5).tolist() == [[[160, 160, 200]]]
    # 153: 200 - 200 * 153 / 255 = 80.
    assert scale_saturation(image, 1.5).tolist() == [[[80, 80, 200]]]
    assert scale_saturation(image, 9.).tolist() == [[[0, 0, 200]]]  # clipped
    assert scale_saturation(pixel(7, 7, 7), 1.5).tolist() == [[[7, 7, 7]]]


def test_hue_turns_and_wraps():
    red = pixel(0, 0, 255)
    assert shift_hue(red, 10).tolist() == [[[0, 85, 255]]]  # 20 degrees
    assert shift_hue(red, -10).tolist() == [[[85, 0, 255]]]  # 340 degrees
    violet = pixel(255, 0, 255)  # 300 degrees
    assert shift_hue(violet, 60).tolist() == [[[0, 255, 255]]]  # 420 - 360


@pytest.mark.parametrize('change, before', [
    (dict(brightness=1000), (100, 100, 100)),
    (dict(contrast=(2, 2)), (50, 50, 50)),
    (dict(saturation=(0, 0)), (0, 100, 200)),
    (dict(hue=90), (0, 0, 255)),
])
def test_each_step_has_a_coin(change, before):
    augment = SSDColorAugment(**{**NOTHING, **change})
    found = draws(augment, pixel(*before))
    assert sum(after != before for after in found) in HALF


def test_contrast_is_first_or_last_by_a_coin():
    augment = SSDColorAugment(
        **dict(NOTHING, contrast=(2, 2), saturation=(0.5, 0.5)), prob=1)
    # First: (0, 255, 255) of (0, 200, 200), saturation 127: blue is 128.
    # Last: saturation 127 of 200 leaves blue 100, and green and red double.
    found = draws(augment, pixel(0, 200, 200))
    assert set(found) == {(128, 255, 255), (200, 255, 255)}
    assert found.count((128, 255, 255)) in HALF


def test_every_step_ends_in_8_bits():
    # Brightness makes 250 at most 255, not 282, before the halving.
    augment = SSDColorAugment(**dict(NOTHING, contrast=(0.5, 0.5)))
    augment.brightness, augment.prob = 32, 1
    found = {blue for blue, _, _ in draws(augment, pixel(250, 250, 250))}
    assert max(found) == 127 and min(found) in (109, 110)


def test_ranges_are_the_papers():
    augment = SSDColorAugment()
    assert (augment.brightness, augment.hue, augment.prob) == (32, 18, 0.5)
    assert augment.contrast == augment.saturation == (0.5, 1.5)
    hues = SSDColorAugment(**dict(NOTHING, hue=18), prob=1)
    found = draws(hues, pixel(0, 0, 255))
    # 36 degrees are 255 * 36 / 60 = 153 levels of green or blue.
    assert max(green for _, green, _ in found) == 153
    assert max(blue for blue, _, _ in found) == 153
    assert len(set(found)) == 37  # whole numbers from -18 to 18


@pytest.mark.parametrize('channel', range(3))
def test_channels_are_never_permuted(channel):
    image = np.full((1, 1, 3), 40, np.uint8)
    image[..., channel] = 200
    for found in draws(SSDColorAugment(), image):
        assert np.argmax(found) == channel
        assert sorted(found)[-1] > sorted(found)[-2]


@pytest.mark.parametrize('augment', [
    SSDColorAugment(prob=1),
    StrongPhotometricAugment(blur_prob=1),
], ids=lambda t: type(t).__name__)
def test_padding_keeps_its_value_and_is_not_looked_at(augment):
    image = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    torch.manual_seed(3)
    alone = augment(dict(img=image, img_shape=(20, 30)))['img']
    padded = PadToSize((40, 24))(dict(img=image, img_shape=(20, 30)))
    before = padded['img'].copy()
    torch.manual_seed(3)
    after = augment(dict(padded))['img']
    assert np.array_equal(after[:20, :30], alone)
    assert (after[20:] == 128).all() and (after[:, 30:] == 128).all()
    assert not np.array_equal(alone, image)
    assert np.array_equal(padded['img'], before)


def test_seed_decides():
    image = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    assert draws(SSDColorAugment(), image) == draws(SSDColorAugment(), image)


def test_floats_are_refused():
    with pytest.raises(TypeError, match='float32.*to_float32'):
        SSDColorAugment()(dict(img=np.zeros((2, 2, 3), np.float32)))
