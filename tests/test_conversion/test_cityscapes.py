import json

import numpy as np
import pytest
from PIL import Image
from small_archives import add_cityscapes, make_cityscapes

from dearli_mm.conversion.cityscapes import convert_cityscapes
from dearli_mm.conversion.splits import check_split
from dearli_mm.datasets import CityscapesPanopticDataset
from dearli_mm.datasets.panoptic_files import write_png
from dearli_mm.datasets.panoptic_ground_truth import read_semantic_png
from dearli_mm.datasets.transforms import LoadPanopticSegments

@pytest.fixture
def archive(tmp_path):
    make_cityscapes(tmp_path)
    return tmp_path


def dataset_of(root, part='train', **kwargs):
    return CityscapesPanopticDataset(
        data_root=str(root), ann_file=f'cityscapes_panoptic_{part}.json',
        data_prefix=dict(img=f'leftImg8bit/{part}/',
                         seg=f'cityscapes_panoptic_{part}/'), **kwargs)


def test_things_stuff_groups_and_void(archive, capsys):
    counts = convert_cityscapes(str(archive), workers=0)
    assert counts['train'][:4] == (2, 4, 4, 2)
    assert counts['val'][:5] == (1, 0, 1, 0, 0)
    assert 'published: 2975 images, DIFFERS' in capsys.readouterr().out
    info = dataset_of(archive).get_data_info(0)
    assert info['img_name'] == 'aachen/aachen_000000_000019_leftImg8bit.png'
    person, car, road, sky, void = 0, 2, 8, 18, 255
    results = LoadPanopticSegments()(dict(info, ori_shape=(3, 4)))
    assert results['gt_seg_map'].tolist() == [
        [void, road, road, car], [car, car, person, person],
        [void, sky, sky, car]]
    assert results['gt_masks'].masks.sum((1, 2)).tolist() == [2, 2]
    assert results['gt_bboxes_labels'].tolist() == [car, car]
    annotation = json.loads((archive / 'cityscapes_panoptic_train.json')
                            .read_text())['annotations'][0]
    assert [s['iscrowd'] for s in annotation['segments_info']] == [
        0, 0, 1, 0, 0]


def test_classes_are_the_benchmarks():
    meta = CityscapesPanopticDataset.METAINFO
    assert len(meta['thing_classes']) == 8 and len(meta['stuff_classes']) == 11
    # The benchmark's train ids are stuff, then things, in this order.
    assert [*meta['stuff_classes'], *meta['thing_classes']][::6] == [
        'road', 'traffic light', 'rider', 'bicycle']
    assert len(set(meta['palette'])) == 19


def test_it_goes_on_where_it_was_stopped(archive):
    convert_cityscapes(str(archive), workers=0)
    (archive / 'cityscapes_panoptic_train/ulm/'
     'ulm_000000_000019_leftImg8bit.png').unlink()
    counts = convert_cityscapes(str(archive), workers=0)
    assert (counts['train'].converted, counts['val'].converted) == (1, 0)


def test_public_lists_name_images_by_their_path(archive):
    convert_cityscapes(str(archive), workers=0)
    split = archive / 'labeled.txt'
    stem = 'train/ulm/ulm_000000_000019'
    split.write_text(f'leftImg8bit/{stem}_leftImg8bit.png '
                     f'gtFine/{stem}_gtFine_labelTrainIds.png\n')
    info, = dataset_of(archive, split=str(split))
    assert info['img_name'] == 'ulm/ulm_000000_000019_leftImg8bit.png'
    _, problems = check_split(
        str(split), str(archive / 'cityscapes_panoptic_train.json'))
    assert not problems


def test_missing_parts_are_named(archive):
    path = add_cityscapes(archive, 'train', 'zurich')
    path.unlink()
    with pytest.raises(FileNotFoundError, match='1 of 3.*zurich_000000_000019_'
                                                'gtFine_instanceIds.png'):
        convert_cityscapes(str(archive))
    with pytest.raises(FileNotFoundError, match='leftImg8bit_trainvaltest'):
        convert_cityscapes(str(archive / 'nowhere'))


@pytest.mark.parametrize('ids, text', [
    (np.full((3, 4), 34, np.uint16), r'values \[34\]'),
    (np.full((3, 4), 34000, np.uint16), r'values \[34000\]'),
    (np.zeros((3, 4, 3), np.uint8), 'grey or palette'),
    (np.full((4, 4), 7, np.uint16), 'is of 4 x 4'),
])
def test_wrong_files_are_named(archive, ids, text):
    path = archive / ('gtFine/val/munster/munster_000000_000019_gtFine_'
                      'instanceIds.png')
    write_png(path, ids)
    with pytest.raises(ValueError, match=f'munster.*{text}'):
        convert_cityscapes(str(archive), workers=0)


def test_ids_are_read_from_16_bits(archive):
    path = next(archive.glob('gtFine/train/aachen/*instanceIds.png'))
    assert Image.open(path).mode in ('I;16', 'I')
    assert read_semantic_png(str(path)).max() == 29000
