import numpy as np
import pytest
import torch

from dearli_mm.datasets import (PadToSize, RandomScaleCropFlip,
                                StrongPhotometricAugment)


def _image(height=50, width=80):
    return np.random.randint(0, 256, (height, width, 3), dtype=np.uint8)


def test_strong_augment_changes_pixels_only_in_a_copy():
    image = _image()
    before = image.copy()
    out = StrongPhotometricAugment()(dict(img=image))['img']
    assert out.shape == image.shape and out.dtype == np.uint8
    assert not np.array_equal(out, image)
    assert np.array_equal(image, before)
    assert out.flags['C_CONTIGUOUS']


def test_strong_augment_knows_bgr():
    red = np.zeros((4, 4, 3), np.uint8)
    red[..., 2] = 200
    nothing = dict(brightness=0, contrast=0, saturation=0, hue=0, blur_prob=0)
    same = StrongPhotometricAugment(grayscale_prob=0, **nothing)
    assert np.array_equal(same(dict(img=red))['img'], red)
    grey = StrongPhotometricAugment(grayscale_prob=1, **nothing)
    assert abs(int(grey(dict(img=red))['img'][0, 0, 0]) - 0.2989 * 200) <= 1


def test_rates_of_the_strong_augment():
    augment = StrongPhotometricAugment(0, 0, 0, 0)
    image = _image(16, 16)
    kinds = dict(grey=0, blurred=0)
    for _ in range(400):
        out = augment(dict(img=image))['img']
        kinds['grey'] += (out[..., 0] == out[..., 1]).all()
        kinds['blurred'] += out.astype(float).std() < image.std() * 0.97 \
            and not (out[..., 0] == out[..., 1]).all()
    assert 50 <= kinds['grey'] <= 115  # 20 % of 400
    assert 80 <= kinds['blurred'] <= 200  # 50 %, small sigmas hardly blur


@pytest.mark.parametrize('shape', [(50, 80), (300, 40), (64, 64)])
def test_crop_is_of_the_asked_size_at_all_scales(shape):
    crop = RandomScaleCropFlip(size=64)
    resize, *_ = crop
    shorts = [scale[1] for scale in resize.scales]
    assert shorts == [int(64 * s / 10) for s in range(5, 21)]
    assert {scale[0] for scale in resize.scales} == {256}
    for _ in range(10):
        results = crop(dict(img=_image(*shape), img_shape=shape))
        assert results['img'].shape == (64, 64, 3)
        assert max(results['img_shape']) <= 64
        assert results['pad_shape'][:2] == (64, 64)


def test_pad_keeps_the_size_of_the_image():
    image = _image(20, 30)
    results = PadToSize((40, 40))(
        dict(img=image, img_shape=(20, 30), gt_seg_map=np.ones((20, 30), int)))
    assert results['img_shape'] == (20, 30)
    assert (results['img'][20:] == 128).all()
    assert (results['gt_seg_map'][:, 30:] == 255).all()
    assert np.array_equal(results['img'][:20, :30], image)


def test_reproducible():
    image = _image()
    outs = []
    for _ in range(2):
        torch.manual_seed(5)
        outs.append(StrongPhotometricAugment()(dict(img=image))['img'])
    assert np.array_equal(*outs)
