import json

import numpy as np
import pytest
from mmdet.datasets.ade20k import ADE20KPanopticDataset, ADE20KSegDataset

from dearli_mm.conversion.ade20k import convert_ade20k
from dearli_mm.conversion.ade20k_classes import (STUFF, THINGS, VOID,
                                                 make_tables, read_object_info)
from dearli_mm.datasets.panoptic_files import write_png
from dearli_mm.datasets.transforms import LoadPanopticSegments

SCENE_NAMES = [name.strip() for name in ADE20KSegDataset.METAINFO['classes']]
# Scene class of instance classes, from the published categoryMapping.txt.
MAPPING = {1: 8, 2: 9, 3: 11, 4: 13, 10: 23, 20: 38, 38: 66, 50: 81, 58: 90,
           61: 94, 81: 126, 85: 131, 92: 139, 93: 140, 94: 143, 100: 150}


@pytest.fixture
def archive(tmp_path):
    """Two training images and one of validation, as in the archives."""
    lines = ['Idx\tRatio\tTrain\tVal\tName'] + [
        f'{k}\t0.1\t{int(k in (1, 5, 13))}\t0\t{name}, other word'
        for k, name in enumerate(SCENE_NAMES, start=1)
    ]
    (tmp_path / 'objectInfo150.txt').write_text('\n'.join(lines) + '\n')
    for part, stems in (('training', ['t1', 't2']), ('validation', ['v1'])):
        for stem in stems:
            write_png(tmp_path / 'images' / part / f'{stem}.jpg',
                      np.zeros((3, 4, 3), np.uint8))
            # 1 wall, 5 tree, 13 person (instance class 4), 0 void.
            write_png(
                tmp_path / 'annotations' / part / f'{stem}.png',
                np.uint8([[1, 1, 5, 0], [1, 13, 13, 13], [1, 1, 13, 1]]))
            instances = np.zeros((3, 4, 3), np.uint8)
            instances[1, 1:3, :2] = (4, 1)  # red: class, green: instance
            instances[1, 3, :2] = (4, 2)
            instances[2, 3, :2] = (4, 2)  # over wall
            instances[0, 0, 0] = 77  # red without green means nothing
            write_png(tmp_path / 'annotations_instance' / part /
                      f'{stem}.png', instances)
    return tmp_path


def test_tables_follow_the_names(archive):
    tables = make_tables(archive,
                         read_object_info(archive / 'objectInfo150.txt'))
    assert tables.scene[0] == tables.instance[0] == VOID
    assert sorted(tables.scene[1:]) == list(range(150))
    assert tables.instance[1:].tolist() == list(range(100))
    for instance, scene in MAPPING.items():
        assert tables.scene[scene] == tables.instance[instance]
    # Things and stuff keep the order of scene parsing.
    for group in (tables.scene[1:] < 100, tables.scene[1:] >= 100):
        assert (np.diff(tables.scene[1:][group]) == 1).all()
    classes = THINGS + STUFF
    assert classes == ADE20KPanopticDataset.METAINFO['classes']
    named = {SCENE_NAMES[k - 1]: classes[tables.scene[k]]
             for k in range(1, 151)}
    assert named['wall'] == 'wall' and named['bed'] == 'bed'
    assert named['windowpane'] == 'window'
    assert named['swimming pool'] == 'pool'
    assert named['television receiver'] == 'tv'
    assert named['screen'] == 'screen' and named['blind'] == 'blind, screen'
    assert named['counter'] == 'counter'
    assert named['buffet'] == 'buffet, counter, sideboard'


def test_lists_of_the_instance_challenge_are_checked(archive):
    classes = read_object_info(archive / 'objectInfo150.txt')
    names = [SCENE_NAMES[k - 1] for k in range(1, 151)]
    things = [names[s] for s in np.flatnonzero(
        make_tables(archive, classes).scene[1:] < 100)]
    (archive / 'imgCatIds.json').write_text(json.dumps(dict(categories=[
        dict(id=k, name=name) for k, name in enumerate(things, start=1)])))
    mapping = archive / 'categoryMapping.txt'
    rows = [f'{i}\t\t{s}\t\t9' for i, s in MAPPING.items()]
    mapping.write_text('\n'.join(['Instance100\tScene150\tFull', *rows]))
    assert (make_tables(archive, classes).instance[1:] == range(100)).all()
    mapping.write_text('Instance100\tScene150\tFull\n1\t9\t3\n')
    with pytest.raises(ValueError, match='categoryMapping.txt'):
        make_tables(archive, classes)


def test_mmdet_reads_what_is_written(archive, capsys):
    counts = convert_ade20k(str(archive), workers=0)
    assert counts['train'][:3] == (2, 4, 4)
    dataset = ADE20KPanopticDataset(
        data_root=str(archive),
        ann_file='ade20k_panoptic_train.json',
        data_prefix=dict(img='images/training/', seg='ade20k_panoptic_train/'))
    info = dataset.get_data_info(0)
    results = LoadPanopticSegments()(dict(info, ori_shape=(3, 4)))
    wall, tree = 100, 104
    assert results['gt_seg_map'].tolist() == [[wall, wall, tree, 255],
                                              [wall, 3, 3, 3],
                                              [wall, wall, 255, 3]]
    assert results['gt_masks'].masks.sum((1, 2)).tolist() == [2, 2]
    assert [i['bbox_label'] for i in info['instances']] == [3, 3]
    printed = capsys.readouterr().out
    assert 'published: 20210 images, DIFFERS' in printed
    # Of training each of three classes is shown by 2, listed for 1.
    assert '147 of 150 classes agree' in printed


def test_semantic_files_are_in_mmdets_order(archive):
    convert_ade20k(str(archive), workers=0)
    from dearli_mm.datasets.panoptic_ground_truth import read_semantic_png
    semantic = read_semantic_png(str(archive / 'ade20k_semantic_val/v1.png'))
    assert semantic.tolist() == [[100, 100, 104, 255], [100, 3, 3, 3],
                                 [100, 100, 3, 100]]


def test_missing_parts_are_named(archive):
    (archive / 'annotations_instance/training/t2.png').unlink()
    with pytest.raises(FileNotFoundError, match='1 of 2 images.*t2.png'):
        convert_ade20k(str(archive))
    with pytest.raises(FileNotFoundError, match='ADEChallengeData2016.zip'):
        convert_ade20k(str(archive / 'nowhere'))
    (archive / 'objectInfo150.txt').unlink()
    with pytest.raises(FileNotFoundError, match='objectInfo150.txt'):
        convert_ade20k(str(archive))


def test_wrong_files_are_named(archive):
    path = archive / 'annotations_instance/validation/v1.png'
    wrong = np.zeros((3, 4, 3), np.uint8)
    wrong[0, :2, :2] = [(1, 1), (2, 1)]  # one instance of two classes
    write_png(path, wrong)
    with pytest.raises(ValueError, match='v1.png.*annotations_instance'):
        convert_ade20k(str(archive), workers=0)
    write_png(path, np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(ValueError, match='v1.png is of 4 x 4'):
        convert_ade20k(str(archive), workers=0)
