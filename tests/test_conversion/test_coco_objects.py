import json

import numpy as np
import pytest
from mmdet.datasets import CocoPanopticDataset

from dearli_mm.conversion.coco_objects import convert_coco_objects
from dearli_mm.datasets import COCOObjectsPanopticDataset
from dearli_mm.datasets.panoptic_files import write_png
from dearli_mm.datasets.transforms import LoadPanopticSegments
from dearli_mm.functional.panoptic_ids import id2rgb

META = CocoPanopticDataset.METAINFO
IDS = np.kron([[5, 5, 900], [70000, 0, 901]], np.ones((2, 2), int))


@pytest.fixture
def coco(tmp_path):
    # COCO's own ids have gaps, and things are not the first ids by rule.
    categories = [dict(id=3 * k + 2, name=name, isthing=int(k < 80))
                  for k, name in enumerate(META['classes'])]
    segments = [
        dict(id=5, category_id=2, area=8, bbox=[0, 0, 4, 2], iscrowd=0),
        dict(id=900, category_id=3 * 79 + 2, area=4, bbox=[4, 0, 2, 2],
             iscrowd=1),
        dict(id=901, category_id=3 * 100 + 2, area=4, bbox=[4, 2, 2, 2],
             iscrowd=0),
        dict(id=70000, category_id=3 * 80 + 2, area=4, bbox=[0, 2, 2, 2],
             iscrowd=0)
    ]
    folder = tmp_path / 'annotations'
    write_png(folder / 'panoptic_val2017' / '0001.png', id2rgb(IDS))
    (folder / 'panoptic_val2017.json').write_text(
        json.dumps(
            dict(
                categories=categories,
                images=[dict(id=1, file_name='0001.jpg', height=4, width=6)],
                annotations=[
                    dict(image_id=1, file_name='0001.png',
                         segments_info=segments)
                ])))
    return tmp_path


def test_stuff_and_void_become_background(coco, capsys):
    counts = convert_coco_objects(str(coco), workers=0)
    assert counts['val'][:5] == (1, 1, 1, 1, 0.0)
    assert 'published: 5000 images' in capsys.readouterr().out
    dataset = COCOObjectsPanopticDataset(
        data_root=str(coco),
        ann_file='annotations/panoptic_objects_val2017.json',
        data_prefix=dict(img='val2017/',
                         seg='annotations/panoptic_objects_val2017/'))
    info = dataset.get_data_info(0)
    results = LoadPanopticSegments()(dict(info, ori_shape=(4, 6)))
    assert results['gt_seg_map'][::2, ::2].tolist() == [[0, 0, 79],
                                                        [80, 80, 80]]
    assert [s['is_thing'] for s in info['segments_info']] == [True, False,
                                                              False]


def test_missing_files_are_named(coco):
    (coco / 'annotations/panoptic_val2017/0001.png').unlink()
    with pytest.raises(FileNotFoundError, match='0001.png'):
        convert_coco_objects(str(coco))
    with pytest.raises(FileNotFoundError, match='panoptic_annotations'):
        convert_coco_objects(str(coco / 'elsewhere'))


def test_other_categories_are_an_error(coco):
    path = coco / 'annotations/panoptic_val2017.json'
    content = json.loads(path.read_text())
    content['categories'].pop(0)
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match='79 things'):
        convert_coco_objects(str(coco))
