import json

import numpy as np
import pytest
from PIL import Image

from dearli_mm.conversion.semantic import (convert_semantic, find_folder,
                                           find_mmseg)
from dearli_mm.datasets import PanopticDataset
from dearli_mm.datasets.panoptic_files import write_png
from dearli_mm.datasets.transforms import LoadPanopticSegments

CLASSES = ['sky', 'car', 'road']
LABELS = np.uint8([[1, 0, 0, 1, 0], [0, 1, 0, 9, 0], [2, 2, 2, 2, 1]])


@pytest.fixture
def folders(tmp_path):
    write_png(tmp_path / 'images/a/x.png', np.zeros((3, 5, 3), np.uint8))
    palette = Image.fromarray(LABELS).convert('P')
    (tmp_path / 'labels/a').mkdir(parents=True)
    palette.save(tmp_path / 'labels/a/x_label.png')
    return tmp_path


def find(folders, **kwargs):
    settings = dict(classes=CLASSES, ignore=[9], suffix='_label.png')
    return find_folder(str(folders / 'images'), str(folders / 'labels'),
                       **dict(settings, **kwargs))


def read_back(out, images):
    classes = ('car', 'sky', 'road')
    dataset = PanopticDataset(
        ann_file=str(out / 'panoptic.json'),
        data_prefix=dict(img=str(images), seg=str(out / 'panoptic')),
        metainfo=dict(classes=classes))
    info = dataset.get_data_info(0)
    return LoadPanopticSegments()(dict(info, ori_shape=(3, 5)))


def test_things_are_connected_components(folders):
    out = folders / 'out'
    counts = convert_semantic(find(folders), str(out), things=['car'],
                              workers=0)
    assert counts[:3] == (1, 3, 2)  # the diagonal neighbours are one car
    results = read_back(out, folders / 'images')
    assert results['gt_seg_map'].tolist() == [[0, 1, 1, 0, 1],
                                              [1, 0, 1, 255, 1],
                                              [2, 2, 2, 2, 0]]
    assert results['gt_masks'].masks.sum((1, 2)).tolist() == [2, 1, 1]
    info = json.loads((out / 'panoptic.json').read_text())['info']
    assert 'Instances of car are connected' in info['instances']


def test_small_components_are_void(folders):
    out = folders / 'out'
    counts = convert_semantic(find(folders), str(out), things=['car'],
                              min_area=2, workers=0)
    assert counts[:3] == (1, 1, 2)
    assert (read_back(out, folders / 'images')['gt_seg_map'] == 255
            ).sum() == 3


def test_without_things_all_is_stuff(folders):
    counts = convert_semantic(find(folders), str(folders / 'out'), workers=0)
    assert counts[:3] == (1, 0, 3)
    info = json.loads((folders / 'out/panoptic.json').read_text())['info']
    assert 'instances' not in info


def test_bad_input_is_named(folders):
    with pytest.raises(ValueError, match='bus'):
        convert_semantic(find(folders), 'out', things=['bus'])
    with pytest.raises(ValueError, match=r'x_label.png holds the values .9.'):
        convert_semantic(find(folders, ignore=[255]), str(folders / 'out'),
                         workers=0)
    with pytest.raises(FileNotFoundError, match='1 of 1 images.*x.png'):
        find(folders, suffix='.png')
    (folders / 'images/a/x.png').rename(folders / 'images/y.png')
    with pytest.raises(FileNotFoundError, match='y_label.png'):
        find(folders)


def test_image_and_label_of_different_size(folders):
    write_png(folders / 'images/a/x.png', np.zeros((6, 10, 3), np.uint8))
    with pytest.raises(ValueError, match='3 x 5 .* 6 x 10'):
        convert_semantic(find(folders), str(folders / 'out'), workers=0)


def test_mmseg_config_with_some_of_the_classes(folders):
    config = folders / 'config.py'
    config.write_text(f'''
val_dataloader = dict(dataset=dict(
    type='ADE20KDataset', data_root={str(folders)!r}, img_suffix='.png',
    seg_map_suffix='_label.png',
    data_prefix=dict(img_path='images', seg_map_path='labels'),
    metainfo=dict(classes=('sky', 'wall'))))
''')
    data = find_mmseg(str(config), 'val_dataloader')
    # ADE20K's labels are wall 1, building 2, sky 3; 0 is void.
    assert data.classes == ('sky', 'wall')
    assert data.values == {1: 1, 3: 0}
    assert {0, 2, 150, 255} <= set(data.ignore)
    counts = convert_semantic(data, str(folders / 'out'), workers=0)
    assert counts[:3] == (1, 0, 1)


def test_mmseg_config(folders):
    config = folders / 'config.py'
    config.write_text(f'''
train_dataloader = dict(dataset=dict(
    type='BaseSegDataset', data_root={str(folders)!r},
    img_suffix='.png', seg_map_suffix='_label.png', reduce_zero_label=True,
    data_prefix=dict(img_path='images', seg_map_path='labels'),
    metainfo=dict(classes=('car', 'road')),
    pipeline=[dict(type='LoadImageFromFile')]))
''')
    data = find_mmseg(str(config))
    assert data.values == {1: 0, 2: 1} and set(data.ignore) == {0, 255}
    assert data.sources[0].file_name == 'a/x.png'
    write_png(folders / 'labels/a/x_label.png', LABELS % 9)
    counts = convert_semantic(data, str(folders / 'out'), ['car'], workers=0)
    assert counts[:3] == (1, 3, 1)
    with pytest.raises(ValueError, match='val_dataloader'):
        find_mmseg(str(config), 'val_dataloader')


def test_partial_labels(folders):
    write_png(folders / 'images/b.png', np.zeros((3, 5, 3), np.uint8))
    with pytest.raises(FileNotFoundError, match='1 of 2 images'):
        find(folders)
    source, = find(folders, partial=True).sources
    assert source.inputs[0].endswith('a/x.png')
    (folders / 'labels/a/x_label.png').unlink()
    with pytest.raises(FileNotFoundError, match='2 of 2 images'):
        find(folders, partial=True)
