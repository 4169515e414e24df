import cv2
import numpy as np
import pytest
from PIL import Image

from dearli_mm.few_shot import clip_features
from dearli_mm.few_shot.choose_to_label import Tower, choose_to_label
from dearli_mm.datasets.splits import read_split
from projects.toy_world import CLIP_NAME, CLIP_WEIGHTS

TOWER = Tower(CLIP_NAME, str(CLIP_WEIGHTS), size=64, device='cpu')


@pytest.fixture
def pool(tmp_path):
    """Four red, four green, a broken image; names of one are doubled."""
    folder = tmp_path / 'pool'
    (folder / 'more').mkdir(parents=True)
    rng = np.random.default_rng(0)
    for k in range(8):
        image = np.full((40, 60, 3), (0, 0, 220) if k < 4 else (0, 220, 0))
        image = np.uint8(np.clip(image + rng.integers(-9, 9, image.shape),
                                 0, 255))
        name = f'more/{k}.png' if k % 2 else f'{k}.png'
        cv2.imwrite(str(folder / name), image)
    (folder / 'cut.jpg').write_bytes(b'\xff\xd8 no more')
    return folder


def is_red(name):
    return int(name.split('/')[-1][0]) < 4


def test_chooses_what_is_unlike(pool, tmp_path):
    out = tmp_path / 'list.txt'
    choice = choose_to_label(str(pool), str(out), 2, TOWER, workers=0)
    assert read_split(out) == choice.new
    assert {is_red(name) for name in choice.new} == {True, False}
    assert list(choice.broken) == ['cut.jpg']
    sheet = np.asarray(Image.open(tmp_path / 'list.png'))
    assert sheet.shape[1] > 2 * 256  # two pictures side by side

    again = choose_to_label(str(pool), str(out), 2, TOWER, workers=0)
    assert again == choice


def test_labelled_ones_are_kept_and_count(pool, tmp_path):
    labeled, out = tmp_path / 'labeled.txt', tmp_path / 'list.txt'
    labeled.write_text('0.png\nmore/1\n')
    choice = choose_to_label(str(pool), str(out), 1, TOWER, [str(labeled)],
                             workers=0)
    assert choice.kept == ['0.png', 'more/1.png']
    assert not is_red(choice.new[0])
    labeled.write_text('4.png\nmore/5\n')
    other = choose_to_label(str(pool), str(tmp_path / 'other.txt'), 1, TOWER,
                            [str(labeled)], workers=0)
    assert is_red(other.new[0])
    assert read_split(out) == choice.kept + choice.new
    with pytest.raises(ValueError, match='is there with other images'):
        choose_to_label(str(pool), str(out), 2, TOWER, workers=0)


def test_what_cannot_be(pool, tmp_path):
    out, labeled = str(tmp_path / 'list.txt'), tmp_path / 'labeled.txt'
    with pytest.raises(ValueError, match=r'num=9: .*readable\) has 8'):
        choose_to_label(str(pool), out, 9, TOWER, workers=0)
    labeled.write_text('nothing.png\n')
    with pytest.raises(ValueError, match='nothing.png'):
        choose_to_label(str(pool), out, 1, TOWER, [str(labeled)], workers=0)
    (tmp_path / 'other.npz').write_text('mine')
    with pytest.raises(ValueError, match='other.npz does not hold'):
        choose_to_label(str(pool), out, 1, TOWER, workers=0,
                        features=str(tmp_path / 'other.npz'))


def test_sees_only_what_is_new(pool, tmp_path, monkeypatch):
    cache = tmp_path / 'features.npz'
    paths = {path.name: str(path) for path in pool.glob('?.png')}
    before, _ = clip_features.image_features(paths, TOWER, cache, workers=0)
    cv2.imwrite(paths['0.png'], np.zeros((40, 61, 3), np.uint8))
    seen = []
    see = clip_features._see
    monkeypatch.setattr(
        clip_features, '_see',
        lambda todo, *rest: seen.extend(todo) or see(todo, *rest))
    after, _ = clip_features.image_features(paths, TOWER, cache, workers=0)
    assert seen == ['0.png']
    assert list(after) == list(before)
    assert not np.allclose(after['0.png'], before['0.png'])
    np.testing.assert_array_equal(after['2.png'], before['2.png'])
    # What another CLIP saw is of no use.
    clip_features.image_features(paths, TOWER._replace(size=32), cache,
                                 workers=0)
    assert len(seen) == 1 + len(paths)
