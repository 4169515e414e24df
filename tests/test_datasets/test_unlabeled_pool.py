import cv2
import numpy as np
import pytest

from dearli_mm.datasets import (SemiSupPanopticDataset, semi_sup_panoptic,
                                unlabeled_pool)
from dearli_mm.datasets.image_files import UnreadableImageError
from dearli_mm.datasets.samplers import SeededIndex

WEAK = [dict(type='LoadAnyImage'), dict(type='RandomScaleCropFlip', size=32)]
STRONG = [dict(type='StrongPhotometricAugment')]


@pytest.fixture
def photos(tmp_path):
    """Two folders and a list; sizes and kinds of files differ."""
    rng = np.random.default_rng(0)

    def write(name, *shape):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 255, shape, dtype=np.uint8)
        assert cv2.imwrite(str(path), pixels)

    write('one/a.jpg', 30, 50, 3)
    write('one/sub/b.png', 50, 30, 4)
    write('two/c.png', 90, 40)
    write('two/d.jpg', 40, 90)
    write('rest/e.jpg', 33, 33, 3)
    (tmp_path / 'list.txt').write_text('rest/e.jpg\none/a.jpg\n')
    return tmp_path


def pool(images, **kwargs):
    return SemiSupPanopticDataset(role='unlabeled', images=images, weak=WEAK,
                                  strong=STRONG,
                                  pack=dict(type='PackDetInputs'), **kwargs)


def names(dataset):
    return [info['img_path'].rsplit('/', 1)[1] for info in dataset.infos]


def test_several_sources_each_image_once(photos):
    dataset = pool([str(photos / name) for name in ('one', 'list.txt', 'two')])
    assert names(dataset) == ['a.jpg', 'b.png', 'e.jpg', 'c.png', 'd.jpg']
    for index in range(len(dataset)):
        views = dataset[SeededIndex(index, 1)]['inputs']
        assert {tuple(view.shape) for view in views.values()} == {(3, 32, 32)}


def test_excluded_images_are_left_out(photos):
    (photos / 'val.txt').write_text('one/sub/b.png\nc.png\n')
    dataset = pool([str(photos / 'one'), str(photos / 'two')],
                   exclude=str(photos / 'val.txt'))
    assert names(dataset) == ['a.jpg', 'd.jpg']


@pytest.mark.parametrize('line, kept', [
    ('a.jpg', ['b c.jpg', 'v1/a.jpg', 'v1/d.png', 'v2/a.jpg']),
    ('v1/a.jpg', ['a.jpg', 'b c.jpg', 'v1/d.png', 'v2/a.jpg']),
    ('b c.jpg', ['a.jpg', 'v1/a.jpg', 'v1/d.png', 'v2/a.jpg']),
    ('d', ['a.jpg', 'b c.jpg', 'v1/a.jpg', 'v2/a.jpg']),
])
def test_exclusion_takes_one_image_per_name(photos, line, kept):
    folder = photos / 'frames'
    for name in ('a.jpg', 'b c.jpg', 'v1/a.jpg', 'v1/d.png', 'v2/a.jpg'):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    (photos / 'val.txt').write_text(line, 'utf-8-sig')
    dataset = pool(str(folder), exclude=str(photos / 'val.txt'))
    assert [info['name'] for info in dataset.infos] == kept


def test_what_exclusion_took_and_missed_is_told(photos, monkeypatch):
    lines = []
    monkeypatch.setattr(unlabeled_pool, 'print_log',
                        lambda text, *_: lines.append(text))
    (photos / 'val.txt').write_text('c.png\nc.jpg\nnowhere.jpg\n')
    pool(str(photos / 'two'), exclude=str(photos / 'val.txt'))
    line, = lines
    assert '1 images are kept from the unlabelled ones; 2 names' in line
    assert "'c.jpg' (there is 'c.png')" in line
    for name in ('x/c.png', 'y/c.png'):
        (photos / 'two' / name).parent.mkdir()
        (photos / 'two' / name).touch()
    (photos / 'val.txt').write_text('c\n')
    with pytest.raises(ValueError, match="several unlabelled .*'c' for"):
        pool(str(photos / 'two'), exclude=str(photos / 'val.txt'))


def test_missing_file_of_a_list_is_an_error(photos):
    (photos / 'list.txt').write_text('rest/e.jpg\nrest/gone.jpg\n')
    with pytest.raises(FileNotFoundError, match='gone.jpg'):
        pool(str(photos / 'list.txt'))


def test_truncated_image_is_skipped_counted_and_logged_once(
        photos, monkeypatch):
    lines = []
    monkeypatch.setattr(semi_sup_panoptic, 'print_log',
                        lambda text, *_: lines.append(text))
    path = photos / 'one' / 'a.jpg'
    path.write_bytes(path.read_bytes()[:-40])
    dataset = pool(str(photos / 'one'))
    views = [dataset[SeededIndex(0, 3)] for _ in range(2)]
    for item in views:
        assert item['data_samples']['weak'].img_path.endswith('b.png')
        # What takes its place is augmented with the seed of the draw.
        assert (item['inputs']['weak'] == views[0]['inputs']['weak']).all()
    assert len(lines) == 1
    assert 'a.jpg' in lines[0] and '1 of 2 skipped' in lines[0]


def test_a_pool_without_a_readable_image_is_an_error(photos):
    for path in (photos / 'two').iterdir():
        path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(UnreadableImageError, match='verify_dataset'):
        pool(str(photos / 'two'))[0]
