import io

import cv2
import numpy as np
import pytest
from PIL import Image

from dearli_mm.datasets.image_files import (UnreadableImageError, is_complete,
                                            read_image_size)
from dearli_mm.datasets.transforms import LoadAnyImage

HEIGHT, WIDTH = 40, 60
QUARTER_TURN = Image.Exif()
QUARTER_TURN[0x0112] = 6  # the viewer turns it clockwise


@pytest.fixture(scope='module')
def rgb():
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 4)


@pytest.fixture
def save(rgb, tmp_path):
    def _save(name, mode='RGB', cut=0, **kwargs):
        image = Image.fromarray(rgb)
        image = image.quantize(64) if mode == 'P' else image.convert(mode)
        buffer = io.BytesIO()
        image.save(buffer, Image.registered_extensions()['.' + name[-3:]],
                   **kwargs)
        content = buffer.getvalue()
        path = tmp_path / name
        path.write_bytes(content[:len(content) - cut])
        return str(path)
    return _save


def load(path, **keys):
    return LoadAnyImage()(dict(img_path=path, **keys))


@pytest.mark.parametrize('name, mode, near', [
    ('a.jpg', 'RGB', 3), ('a.jpg', 'CMYK', 4), ('a.png', 'RGBA', 0),
    ('a.png', 'P', 8), ('a.bmp', 'RGB', 0), ('a.tif', 'RGB', 0),
])
def test_colour_files_become_bgr(save, rgb, name, mode, near):
    kwargs = dict(quality=95) if name.endswith('jpg') else {}
    results = load(save(name, mode, **kwargs))
    assert results['img'].dtype == np.uint8
    assert results['img_shape'] == results['ori_shape'] == (HEIGHT, WIDTH)
    assert np.abs(results['img'][..., ::-1].astype(int) - rgb).mean() <= near


@pytest.mark.parametrize('name, mode', [('a.jpg', 'L'), ('a.png', 'L'),
                                        ('a.png', 'LA'), ('a.tif', 'L')])
def test_grey_files_get_three_equal_channels(save, rgb, name, mode):
    image = load(save(name, mode))['img']
    assert image.shape == (HEIGHT, WIDTH, 3)
    assert (image == image[..., :1]).all()
    grey = np.asarray(Image.fromarray(rgb).convert('L')).astype(int)
    assert np.abs(image[..., 0] - grey).mean() < 3


@pytest.mark.parametrize('name', ['a.png', 'a.tif'])
@pytest.mark.parametrize('channels', [1, 3])
def test_of_16_bits_the_upper_8_are_taken(rgb, tmp_path, name, channels):
    pixels = rgb[..., ::-1] if channels == 3 else rgb[..., 0]
    cv2.imwrite(str(tmp_path / name), pixels.astype(np.uint16) * 257)
    image = load(str(tmp_path / name))['img']
    assert image.dtype == np.uint8
    assert (image == pixels.reshape(HEIGHT, WIDTH, -1)).all()


@pytest.mark.parametrize('name', ['a.jpg', 'a.png'])
def test_exif_rotation_follows_the_annotation(save, rgb, name):
    path = save(name, exif=QUARTER_TURN)
    size = read_image_size(path)
    assert (size.stored, size.shown) == ((HEIGHT, WIDTH), (WIDTH, HEIGHT))
    shown = load(path)
    assert shown['ori_shape'] == (WIDTH, HEIGHT)
    turned = np.rot90(rgb, -1)
    assert np.abs(shown['img'][..., ::-1].astype(int) - turned).mean() < 4
    assert (load(path, height=WIDTH, width=HEIGHT)['img'] == shown['img']
            ).all()
    stored = load(path, height=HEIGHT, width=WIDTH)
    assert stored['ori_shape'] == (HEIGHT, WIDTH)
    assert np.abs(stored['img'][..., ::-1].astype(int) - rgb).mean() < 4


def test_a_size_that_fits_neither_way_changes_nothing(save):
    assert load(save('a.png'), height=7, width=9)['ori_shape'] == \
        (HEIGHT, WIDTH)


@pytest.mark.parametrize('name', ['a.jpg', 'a.png', 'a.heic'])
def test_an_empty_file_is_called_empty(tmp_path, name):
    (tmp_path / name).touch()
    with pytest.raises(UnreadableImageError, match=f'{name}: .* is empty'):
        load(str(tmp_path / name))


@pytest.mark.parametrize('name, kwargs', [
    ('a.jpg', {}), ('a.jpg', dict(progressive=True)), ('a.png', {}),
    ('a.bmp', {}), ('a.tif', {})
])
def test_truncated_file_is_an_error_with_its_path(save, name, kwargs):
    path = save(name, cut=300, **kwargs)
    with pytest.raises(UnreadableImageError, match=name):
        load(path)
    assert LoadAnyImage(ignore_empty=True)(dict(img_path=path)) is None


def test_end_of_a_jpeg_is_looked_for_behind_its_thumbnail(save):
    # A thumbnail in the head has an end mark; bytes behind the end are none.
    path = save('a.jpg', exif=QUARTER_TURN)
    with open(path, 'rb') as file:
        content = file.read()
    end = content.rfind(b'\xff\xd9')
    head = content[:2] + b'\xff\xe2\x00\x06\xff\xd8\xff\xd9' + content[2:end]
    assert not is_complete(head)
    assert is_complete(head + b'\xff\xd9' + b'more' * 9)
    assert not is_complete(head + b'\xff')
    assert not is_complete(content[:30])


def test_files_that_are_no_images(tmp_path, rgb):
    (tmp_path / 'a.jpg').write_text('not an image')
    with pytest.raises(UnreadableImageError, match='a.jpg'):
        load(str(tmp_path / 'a.jpg'))
    with pytest.raises(UnreadableImageError, match='a.jpg'):
        read_image_size(str(tmp_path / 'a.jpg'))
    Image.fromarray(rgb[..., 0].astype(np.float32)).save(tmp_path / 'f.tif')
    with pytest.raises(UnreadableImageError, match='8-bit'):
        load(str(tmp_path / 'f.tif'))
    with pytest.raises(FileNotFoundError):
        load(str(tmp_path / 'b.jpg'))


def test_exif_can_be_left_alone(tmp_path, rgb):
    exif = Image.Exif()
    exif[0x0112] = 3
    Image.fromarray(rgb).save(tmp_path / 'a.png', exif=exif)
    path = str(tmp_path / 'a.png')
    turned = LoadAnyImage()(dict(img_path=path))['img']
    stored = LoadAnyImage(exif=False)(dict(img_path=path))['img']
    np.testing.assert_array_equal(stored[..., ::-1], rgb)
    np.testing.assert_array_equal(turned, stored[::-1, ::-1])
