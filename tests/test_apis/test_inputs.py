import cv2
import numpy as np
import pytest

from dearli_mm.apis.inputs import Video, find_inputs
from dearli_mm.datasets.image_files import UnreadableImageError


def names(inputs):
    return [image.name for image in find_inputs(inputs)]


def test_folder(images):
    found = find_inputs(str(images))
    assert [image.name for image in found] == ['a.png', 'sub/a.jpg',
                                               'sub/c.bmp']
    assert all(cv2.imread(image.image) is not None for image in found)


def test_one_image_pattern_and_list(images):
    assert names(images / 'a.png') == ['a.png']
    assert names(f'{images}/**/a.*') == ['a.png', 'sub/a.jpg']
    assert names([images / 'sub/c.bmp', images / 'sub/a.jpg']) == ['c.bmp',
                                                                   'a.jpg']


def test_list_file(images):
    path = images / 'list.txt'
    path.write_text('sub/c.bmp\n\na.png\n')
    assert names(path) == ['sub/c.bmp', 'a.png']
    path.write_text('a.png\nsub/c.bmp\na.png\n')
    assert names(path) == ['a.png', 'sub/c.bmp']
    path.write_text('sub/c.bmp\nnone.png\n')
    with pytest.raises(FileNotFoundError, match='none.png'):
        names(path)


def test_arrays():
    grey, color = find_inputs([np.ones((2, 3), np.uint8),
                               np.zeros((4, 5, 3), np.uint8)])
    assert (grey.name, color.name) == ('array_0', 'array_1')
    assert grey.image.shape == (2, 3, 3)


@pytest.mark.parametrize('inputs, error, message', [
    ('nowhere', FileNotFoundError, "'nowhere'"),
    ('nowhere/*.jpg', ValueError, 'holds no image'),
    ([], ValueError, 'holds no image'),
    (3, TypeError, 'int'),
    (np.zeros((2, 2, 3)), ValueError, 'float64'),
    (np.zeros((2, 2, 4), np.uint8), ValueError, r'\[2, 2, 4\]'),
    (np.zeros((0, 2, 3), np.uint8), ValueError, r'\[0, 2, 3\]'),
])
def test_inputs_that_are_none(inputs, error, message):
    with pytest.raises(error, match=message):
        find_inputs(inputs)


def test_video_that_is_broken(tmp_path):
    with pytest.raises(FileNotFoundError, match='none.mp4'):
        Video(tmp_path / 'none.mp4')
    (tmp_path / 'bad.mp4').write_bytes(b'no video')
    with pytest.raises(UnreadableImageError, match='bad.mp4'):
        Video(tmp_path / 'bad.mp4')
    with pytest.raises(ValueError, match='is a video'):
        find_inputs(tmp_path / 'bad.mp4')
