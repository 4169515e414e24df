import json

import numpy as np
from PIL import Image

from dearli_mm.few_shot.options import (class_names, find_format, find_lacks,
                                        labelme_labels)


def test_formats(options, tmp_path):
    assert options().format == 'labelme'
    assert labelme_labels(str(tmp_path / 'photos')) == dict(table=2, mug=2)
    labels = tmp_path / 'labels'
    labels.mkdir()
    assert find_format(str(labels)) == ''
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(labels / '0.png')
    assert find_format(str(labels)) == 'semantic'
    (labels / 'panoptic.json').write_text('{}')
    assert find_format(str(labels)) == 'panoptic'
    # Results of infer.py are no labels where labelme's are.
    photos = tmp_path / 'photos'
    for converter, found in (('dearli_mm inference', 'labelme'),
                             ('mine', 'panoptic')):
        (photos / 'panoptic.json').write_text(
            json.dumps(dict(info=dict(converter=converter))))
        assert find_format(str(photos)) == found


def test_classes_of_each_format(options, tmp_path):
    assert class_names(options()) == (['mug, cup'], ['table'])
    semantic = options(format='semantic', stuff=(), things=('mug', ),
                       classes=('table', 'mug, cup'))
    assert class_names(semantic) == (['mug, cup'], ['table'])
    (tmp_path / 'panoptic.json').write_text(json.dumps(dict(
        images=[], annotations=[], categories=[
            dict(id=1, name='sky', isthing=0),
            dict(id=2, name='dog', isthing=1)])))
    panoptic = options(labels=str(tmp_path / 'panoptic.json'), things=(),
                       stuff=())
    assert class_names(panoptic) == (['dog'], ['sky'])


def test_nothing_is_lacking(options):
    assert find_lacks(options()) == []
    assert options().masks == 'none'
    assert options(sam='sam.pth').masks == 'sam'


def test_all_lacks_at_once(options):
    lacks = find_lacks(options(
        photos='nowhere', clip='none.pth', things=(), base='', steps=0,
        sam='sam.pth', val_labels='no_labels'))
    text = '\n'.join(lacks)
    for part in ("PHOTOS='nowhere'", "--clip='none.pth'", '--base',
                 "'mug' (2 shapes)", '--steps', "--sam='sam.pth'",
                 '4b8939a88964f0f4ff5f5b2642c598a6',
                 "--val-labels='no_labels'"):
        assert part in text
    assert "'table'" not in text and '--val-photos' not in text


def test_a_class_that_is_given_twice(options):
    for stuff, things in ((('table', ), ('mug, cup', 'mug')),
                          (('table', 'mug'), ('mug, cup', ))):
        lack, = find_lacks(options(things=things, stuff=stuff))
        assert lack == ("--things, --stuff: ['mug'] twice; name each class "
                        'once')


def test_labels_of_no_format(options, tmp_path):
    (tmp_path / 'empty').mkdir()
    lack, = find_lacks(options(labels=str(tmp_path / 'empty')))
    assert 'holds neither JSON files of labelme' in lack


def test_semantic_needs_the_meaning_of_values(options, tmp_path):
    (tmp_path / 'png').mkdir()
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / 'png/0.png')
    given = dict(labels=str(tmp_path / 'png'), stuff=(), things=('cup', ))
    assert any('--classes' in lack for lack in find_lacks(options(**given)))
    lack, = find_lacks(options(**given, classes=('mug', 'table')))
    assert "--things=['cup']" in lack


def test_classes_of_panoptic_files_are_compared(options, tmp_path):
    file = tmp_path / 'panoptic.json'
    (tmp_path / 'panoptic').mkdir()
    file.write_text(json.dumps(dict(images=[], annotations=[], categories=[
        dict(id=1, name='mug', isthing=1), dict(id=2, name='sky', isthing=0)]
    )))
    given = dict(labels=str(file))
    assert find_lacks(options(**given, things=(), stuff=())) == []
    assert find_lacks(options(**given, things=('mug, cup', ),
                              stuff=('sky', ))) == []
    lack, = find_lacks(options(**given))
    assert "['sky', 'table'] are not so in" in lack
    lack, = find_lacks(options(**given, things=('mug', 'sky'), stuff=()))
    assert "['sky'] are not so in" in lack
