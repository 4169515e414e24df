import json

import numpy as np
import pytest
from mmdet.registry import DATASETS

from dearli_mm.datasets import (COCOObjectsPanopticDataset, PanopticDataset,
                                SemiSupPanopticDataset)
from dearli_mm.datasets.image_files import UnreadableImageError
from dearli_mm.datasets.panoptic_files import write_png
from dearli_mm.functional.panoptic_ids import id2rgb
from dearli_mm.models.heads.panoptic_targets import targets_of_samples

IDS = np.kron([[7, 7, 9], [300, 300, 0]], np.ones((4, 4), int))
CATEGORIES = [dict(id=4, name='wall', isthing=0),
              dict(id=2, name='mug', isthing=1),
              dict(id=9, name='cup', isthing=1)]


@pytest.fixture
def files(tmp_path):
    write_png(tmp_path / 'png' / 'x-7.png', id2rgb(IDS))
    write_png(tmp_path / 'img' / 'x.JPG', np.full((8, 12, 3), 99, np.uint8))
    boxes = {7: [0, 0, 8, 4], 9: [8, 0, 4, 4], 300: [0, 4, 8, 4]}
    segments = [
        dict(id=i, category_id=c, area=a, bbox=boxes[i], iscrowd=crowd)
        for i, c, a, crowd in ((7, 2, 32, 0), (9, 9, 16, 1), (300, 4, 32, 0))
    ]
    segments.append(
        dict(id=5, category_id=2, area=0, bbox=[0, 0, 0, 0], iscrowd=0))
    (tmp_path / 'panoptic.json').write_text(
        json.dumps(
            dict(
                categories=CATEGORIES,
                images=[dict(id='x', file_name='x.JPG', height=8, width=12)],
                annotations=[
                    dict(image_id='x', file_name='x-7.png',
                         segments_info=segments)
                ])))
    return tmp_path


def build(files, classes=('mug', 'cup', 'wall'), **kwargs):
    return PanopticDataset(
        ann_file='panoptic.json',
        data_root=str(files),
        data_prefix=dict(img='img/', seg='png/'),
        metainfo=dict(classes=classes, thing_classes=classes[:2],
                      stuff_classes=classes[2:]),
        **kwargs)


def test_classes_by_name_and_png_by_annotation(files):
    info = build(files).get_data_info(0)
    assert info['seg_map_path'].endswith('png/x-7.png')
    assert info['segments_info'] == [
        dict(id=7, category=0, is_thing=True),
        dict(id=9, category=1, is_thing=False),  # a crowd, as in mmdet
        dict(id=300, category=2, is_thing=False)
    ]
    assert info['instances'] == [
        dict(bbox=[0, 0, 8, 4], bbox_label=0, ignore_flag=0)
    ]
    assert info['raw_segment_ids'] == [7, 9, 300, 5]


def test_goes_through_the_pipeline(files):
    item = build(files, pipeline=[
        dict(type='LoadAnyImage'), dict(type='LoadPanopticSegments'),
        dict(type='PackDetInputs')])[0]
    classes = item['data_samples'].gt_sem_seg.sem_seg[0]
    assert classes[::4, ::4].tolist() == [[0, 0, 1], [2, 2, 255]]


def rewrite(files, change):
    path = files / 'panoptic.json'
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def test_what_a_file_lacks_is_worked_out(files):
    expected = build(files).get_data_info(0)

    def strip(content):
        for category in content['categories']:
            del category['isthing']
        del content['images'][0]['height']
        for segment in content['annotations'][0]['segments_info'][:3]:
            del segment['area'], segment['bbox']

    rewrite(files, strip)
    dataset = build(files, pipeline=[
        dict(type='LoadAnyImage'), dict(type='LoadPanopticSegments'),
        dict(type='PackDetInputs')])
    info = dataset.get_data_info(0)
    assert (info['height'], info['width']) == (8, 12)
    assert info['segments_info'] == expected['segments_info']
    boxes = dataset[0]['data_samples'].gt_instances.bboxes
    assert boxes.tensor.tolist() == [[0, 0, 8, 4]]


@pytest.mark.parametrize('change, message', [
    (lambda c: c['annotations'][0]['segments_info'][0].update(id=0),
     "'x.JPG': a segment has the id 0, which is void"),
    (lambda c: c['annotations'][0]['segments_info'][0].update(category_id=5),
     "'x.JPG': segment 7 has the category_id 5"),
    (lambda c: c['annotations'][0]['segments_info'][0].update(id=9),
     "'x.JPG': 2 segments have the id 9"),
    (lambda c: c['images'][0].pop('file_name'),
     r"images\[0\] has no 'file_name'"),
    (lambda c: c['annotations'].append(dict(image_id='y', segments_info=[])),
     "annotation of image 'y', but no such image"),
    (lambda c: c['annotations'][0].update(bbox=[0, 0, 1, 1]),
     'COCO instances'),
    (lambda c: c['categories'][0].update(isthing=1),
     "do not agree on what is a thing: \\['wall'\\]"),
])
def test_bad_files_are_told(files, change, message):
    rewrite(files, change)
    with pytest.raises(ValueError, match='panoptic.json.*' + message):
        build(files)


def test_all_problems_are_told_at_once(files):
    def change(content):
        for segment in content['annotations'][0]['segments_info']:
            segment['category_id'] = 77
        content['categories'].append(dict(content['categories'][0], id=11))

    rewrite(files, change)
    with pytest.raises(ValueError) as error:
        build(files)
    assert str(error.value).count('category_id 77') == 4
    assert "2 of its categories have the name 'wall'" in str(error.value)


def test_stuff_is_ground_truth(files):
    def only_stuff(content):
        segments = content['annotations'][0]['segments_info']
        content['annotations'][0]['segments_info'] = segments[2:]

    rewrite(files, only_stuff)
    assert len(build(files, filter_cfg=dict(filter_empty_gt=True))) == 1
    with pytest.raises(ValueError, match='min_size.*leaves none of the 1'):
        build(files, filter_cfg=dict(min_size=9))
    rewrite(files, lambda c: c['annotations'][0].update(segments_info=[]))
    with pytest.raises(ValueError, match='filter_empty_gt.*leaves none'):
        build(files, filter_cfg=dict(filter_empty_gt=True))


def test_void_is_no_class_of_many(files):
    names = [f'c{k}' for k in range(253)]
    rewrite(files, lambda c: c['categories'].extend(
        dict(id=100 + k, name=name, isthing=0)
        for k, name in enumerate(names)))
    dataset = build(files, ('mug', 'cup', *names, 'wall'), pipeline=[
        dict(type='LoadAnyImage'), dict(type='LoadPanopticSegments'),
        dict(type='PadToSize', size=(16, 16)), dict(type='PackDetInputs')])
    sample = dataset[0]['data_samples']
    classes = sample.gt_sem_seg.sem_seg[0]
    assert classes[::4, ::4].tolist() == [
        [0, 0, 1, -1], [255, 255, -1, -1], [-1] * 4, [-1] * 4]
    target, = targets_of_samples([sample], 2, 256)
    assert target.labels.tolist() == [0, 255]
    assert target.masks[1].sum() == 4 * 8


def test_other_names_are_an_error(files):
    with pytest.raises(ValueError, match="'wall'.*'floor'"):
        build(files, classes=('mug', 'cup', 'floor'))


def test_truncated_labelled_image_is_an_error_with_its_path(files):
    path = files / 'img' / 'x.JPG'
    path.write_bytes(path.read_bytes()[:-20])
    dataset = SemiSupPanopticDataset(
        dict(
            type='PanopticDataset',
            ann_file=str(files / 'panoptic.json'),
            data_prefix=dict(img=str(files / 'img'), seg=str(files / 'png')),
            metainfo=dict(classes=('mug', 'cup', 'wall')),
            pipeline=[dict(type='LoadAnyImage')]))
    with pytest.raises(UnreadableImageError, match='x.JPG'):
        dataset[0]


def test_metainfo_is_the_configs_alone(files):
    # No colours of COCO: its own, one for each class.
    assert len(set(build(files).metainfo['palette'])) == 3
    with pytest.raises(ValueError, match="only in the file.*'cup'"):
        PanopticDataset(ann_file=str(files / 'panoptic.json'),
                        data_prefix=dict(img='', seg=''))


def test_image_without_annotation_is_an_error(files):
    path = files / 'panoptic.json'
    content = json.loads(path.read_text())
    content['images'].append(dict(content['images'][0], id='y'))
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match="no annotation of image 'x.JPG'"):
        build(files)


def test_coco_objects_are_81_classes():
    assert DATASETS.get('COCOObjectsPanopticDataset') is \
        COCOObjectsPanopticDataset
    meta = COCOObjectsPanopticDataset.METAINFO
    assert len(meta['classes']) == len(meta['palette']) == 81
    assert meta['classes'] == meta['thing_classes'] + meta['stuff_classes']
    assert meta['stuff_classes'] == ('background', )
