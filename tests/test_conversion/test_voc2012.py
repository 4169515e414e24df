import json

import numpy as np
import pytest
from small_archives import add_sbd, make_voc2012, write_palette

from dearli_mm.conversion.splits import check_split
from dearli_mm.conversion.voc2012 import convert_voc2012
from dearli_mm.datasets import VOC2012PanopticDataset
from dearli_mm.datasets.panoptic_files import write_png
from dearli_mm.datasets.transforms import LoadPanopticSegments

CAT, DOG, BACKGROUND, VOID = 7, 11, 20, 255


@pytest.fixture
def archive(tmp_path):
    make_voc2012(tmp_path)
    return tmp_path


def load(root, part, k=0, **kwargs):
    info = VOC2012PanopticDataset(
        data_root=str(root), ann_file=f'voc2012_panoptic_{part}.json',
        data_prefix=dict(img='JPEGImages/', seg=f'voc2012_panoptic_{part}/'),
        **kwargs).get_data_info(k)
    return info, LoadPanopticSegments()(dict(info, ori_shape=(3, 4)))


def test_instances_crowds_borders_and_background(archive, capsys):
    counts = convert_voc2012(str(archive), workers=0)
    assert list(counts) == ['train', 'val']
    assert counts['train'][:4] == (2, 6, 2, 2)
    printed = capsys.readouterr().out
    assert 'published: 1464 images, DIFFERS' in printed
    assert 'trainaug.json is not written' in printed
    _, results = load(archive, 'train')
    b = BACKGROUND
    assert results['gt_seg_map'].tolist() == [
        [b, DOG, DOG, VOID], [CAT, CAT, CAT, CAT], [b, b, VOID, DOG]]
    assert results['gt_bboxes_labels'].tolist() == [CAT, CAT, DOG]
    # The dog is one, though in two parts; the cat's odd pixel is a crowd.
    assert results['gt_masks'].masks.sum((1, 2)).tolist() == [1, 2, 3]
    annotation = json.loads((archive / 'voc2012_panoptic_val.json')
                            .read_text())['annotations'][0]
    assert [s['iscrowd'] for s in annotation['segments_info']] == [
        0, 1, 0, 0, 0]


@pytest.mark.parametrize('folder', ['SegmentationClassAug',
                                    'SegmentationClass'])
def test_sbd_has_classes_alone(archive, folder):
    add_sbd(archive, folder)
    counts = convert_voc2012(str(archive), workers=0)
    assert counts['trainaug'].images == 3
    _, results = load(archive, 'trainaug', 0)
    assert results['gt_masks'].masks.sum((1, 2)).tolist() == [1, 2, 3]
    info, results = load(archive, 'trainaug', 2)
    assert info['img_name'] == '2009_01.jpg'
    # Cats that touch are one, the dog in two parts is two.
    assert results['gt_bboxes_labels'].tolist() == [CAT, DOG, DOG]
    assert results['gt_masks'].masks.sum((1, 2)).tolist() == [4, 2, 1]
    assert results['gt_seg_map'][0].tolist() == [BACKGROUND, DOG, DOG, VOID]


def test_an_image_of_background_alone(archive):
    for kind in ('Class', 'Object'):
        write_palette(archive / f'Segmentation{kind}/2008_01.png',
                      np.zeros((3, 4), np.uint8))
    assert convert_voc2012(str(archive), workers=0)['val'][:5] == (
        1, 0, 1, 0, 0)


def test_public_lists_are_read_as_they_are(archive):
    add_sbd(archive)
    convert_voc2012(str(archive), workers=0)
    split = archive / 'labeled.txt'
    split.write_text('JPEGImages/2007_02.jpg SegmentationClass/2007_02.png\n')
    info, _ = load(archive, 'trainaug', split=str(split))
    assert info['img_name'] == '2007_02.jpg'
    assert not check_split(
        str(split), str(archive / 'voc2012_panoptic_trainaug.json'),
        [str(archive / 'voc2012_panoptic_val.json')])[1]


@pytest.mark.parametrize('path', [
    'JPEGImages/2007_02.jpg', 'SegmentationObject/2008_01.png',
    'ImageSets/Segmentation/val.txt'])
def test_missing_files_are_named(archive, path):
    (archive / path).unlink()
    with pytest.raises(FileNotFoundError, match=f'{path}.*VOCtrainval'):
        convert_voc2012(str(archive))
    with pytest.raises(FileNotFoundError, match='nowhere/JPEGImages'):
        convert_voc2012(str(archive / 'nowhere'))


@pytest.mark.parametrize('values, text', [
    (np.full((3, 4), 21, np.uint8), r'values \[53'),
    (np.zeros((3, 4, 3), np.uint8), 'grey or palette'),
    (np.zeros((4, 4), np.uint8), 'is of 4 x 4'),
])
def test_wrong_files_are_named(archive, values, text):
    path = archive / 'SegmentationClass/2008_01.png'
    path.unlink()
    write_png(path, values)
    with pytest.raises(ValueError, match=f'SegmentationClass/2008_01.*{text}'):
        convert_voc2012(str(archive), workers=0)
