"""The toy world: determinism, valid scenes, and the dataset on disk."""
import json

import cv2
import numpy as np
import pytest

from dearli_mm.datasets.splits import choose_covering
from projects.toy_world.dataset import write_toy_world
from projects.toy_world.scenes import (CLASSES, PALETTE, STUFF_CLASSES,
                                       THING_CLASSES, render_scene,
                                       synonyms_of)

SETTINGS = dict(train=12, val=4, labeled=6, size=64, seed=3)


def decode(path):
    bgr = cv2.imread(str(path)).astype(np.int64)
    blue, green, red = bgr.transpose(2, 0, 1)
    return red + 256 * green + 65536 * blue


@pytest.fixture(scope='module')
def dataset(tmp_path_factory):
    root = tmp_path_factory.mktemp('toy') / 'world'
    assert write_toy_world(root, **SETTINGS)
    return root


def test_classes_have_unique_names_synonyms_and_colours():
    names = [name for k in range(len(CLASSES)) for name in synonyms_of(k)]
    assert len(set(names)) == len(names)
    assert all(synonyms_of(k)[0] == c.name for k, c in enumerate(CLASSES))
    assert all(len(synonyms_of(k)) >= 2 for k in range(len(CLASSES)))
    assert CLASSES == THING_CLASSES + STUFF_CLASSES
    assert len(set(PALETTE)) == len(CLASSES)


def test_scene_depends_on_seed_and_index_only():
    scene, again = render_scene(1, 5), render_scene(1, 5)
    np.testing.assert_array_equal(scene.image, again.image)
    np.testing.assert_array_equal(scene.segment_map, again.segment_map)
    assert scene.labels == again.labels
    for other in (render_scene(1, 6), render_scene(2, 5)):
        assert (other.image != scene.image).any()


@pytest.mark.parametrize('size', [64, 100, 128])
def test_scenes_are_valid(size):
    seen = set()
    for index in range(25):
        scene = render_scene(0, index, size)
        assert scene.image.shape == (size, size, 3)
        assert scene.image.dtype == np.uint8
        assert scene.segment_map.dtype == np.int32
        assert scene.image.std() > 5
        ids = np.unique(scene.segment_map)
        assert set(ids) - {0} == set(range(1, len(scene.labels) + 1))
        stuff = [k for k in scene.labels if k >= len(THING_CLASSES)]
        assert 1 <= len(stuff) == len(set(stuff)) <= 3
        assert scene.masks.sum() == (scene.segment_map > 0).sum()
        seen |= set(scene.labels)
    assert seen == set(range(len(CLASSES)))


def test_too_small_scene_is_refused():
    with pytest.raises(ValueError, match='at least 64'):
        render_scene(0, 0, 32)


@pytest.mark.parametrize('split', ['train', 'val'])
def test_written_segments_agree_with_pixels(dataset, split):
    content = json.loads((dataset / split / 'panoptic.json').read_text())
    isthing = {c['id']: c['isthing'] for c in content['categories']}
    assert list(isthing.values()) == [1] * len(THING_CLASSES) + [0] * len(
        STUFF_CLASSES)
    assert len(content['images']) == SETTINGS[split]
    images = {i['id']: i for i in content['images']}
    for annotation in content['annotations']:
        image = images[annotation['image_id']]
        pixels = cv2.imread(
            str(dataset / split / 'images' / image['file_name']))
        assert pixels.shape == (image['height'], image['width'], 3)
        ids = decode(dataset / split / 'panoptic' / annotation['file_name'])
        infos = annotation['segments_info']
        assert {s['id'] for s in infos} == set(np.unique(ids)) - {0}
        for segment in infos:
            mask = ids == segment['id']
            assert segment['category_id'] in isthing
            assert segment['area'] == mask.sum()
            x, y, width, height = segment['bbox']
            assert mask[y:y + height, x:x + width].sum() == mask.sum()
            assert mask[y, x:x + width].any() and mask[y:y + height, x].any()


def test_train_and_val_differ(dataset):
    first, second = (cv2.imread(str(dataset / split / 'images' / '00000.jpg'))
                     for split in ('train', 'val'))
    assert (first != second).any()


def test_split_lists_existing_train_images(dataset):
    lines = (dataset / 'splits' / 'labeled_6.txt').read_text().splitlines()
    assert len(set(lines)) == 6
    images = dataset / 'train' / 'images'
    assert all((images / line).exists() for line in lines)


def test_rerun_leaves_files_alone(dataset, capsys):
    before = {p: p.stat().st_mtime_ns for p in dataset.rglob('*')}
    assert not write_toy_world(dataset, **SETTINGS)
    assert 'nothing to do' in capsys.readouterr().out
    assert before == {p: p.stat().st_mtime_ns for p in dataset.rglob('*')}


def test_interrupted_run_is_finished(dataset):
    image = dataset / 'train' / 'images' / '00003.jpg'
    content = image.read_bytes()
    marker = dataset / 'toy_world.json'
    marker.write_text(marker.read_text().replace('true', 'false'))
    image.write_bytes(content[:100])
    assert write_toy_world(dataset, **SETTINGS)
    assert image.read_bytes() == content


def test_other_settings_are_refused(dataset):
    with pytest.raises(ValueError, match='world.*choose another folder'):
        write_toy_world(dataset, **{**SETTINGS, 'seed': 4})


def test_foreign_folder_is_refused(tmp_path):
    (tmp_path / 'holiday.jpg').write_bytes(b'')
    with pytest.raises(ValueError, match='not written by this tool'):
        write_toy_world(tmp_path, **SETTINGS)


def test_more_labelled_than_train_is_refused(tmp_path):
    with pytest.raises(ValueError, match='labeled must lie in 1..12'):
        write_toy_world(tmp_path, **{**SETTINGS, 'labeled': 13})


def test_labelled_images_cover_every_class():
    shown = [{0}] * 50 + [{1}] + [{2, 3}]
    chosen = choose_covering(shown, 3, np.random.default_rng(0))
    assert set().union(*(shown[k] for k in chosen)) == {0, 1, 2, 3}
