"""Which image a name means."""
import pytest

from dearli_mm.datasets.image_names import (ImageNames, relative_name,
                                            result_names, without_suffix)

FOLDERS = ['0001.jpg', 's1/0001.jpg', 's2/0001.jpg', 's2/0002.jpg']


@pytest.mark.parametrize('line, indices', [
    ('s1/0001.jpg', [1]),
    ('./s1/0001.jpg', [1]),
    ('s1\\0001.jpg', [1]),
    ('s2/0002', [3]),
    ('0002', [3]),
    ('0002.jpg', [3]),
    ('0001.jpg', [0]),  # a file of exactly this name
    ('s3/0001.jpg', []),
    ('0001.png', []),
    ('0003.jpg', []),
])
def test_folders_are_part_of_a_name(line, indices):
    found = ImageNames(FOLDERS).find([line])
    assert found.indices == indices
    assert found.unknown == ([] if indices else [line])


def test_a_bare_stem_of_several_images_means_none():
    found = ImageNames(FOLDERS).find(['0001'])
    assert found.indices == []
    assert found.ambiguous == {'0001': FOLDERS[:3]}


def test_suffixes_and_blanks_are_part_of_a_name():
    images = ImageNames(['a.jpg', 'a.png', 'IMG 0001.jpg', 'IMG 0002.jpg',
                         'v1.2.jpg'])
    assert images.find(['a.png', 'a.jpg', 'IMG 0002.jpg', 'IMG 0001',
                        'v1.2']).indices == [1, 0, 3, 2, 4]
    assert images.find(['a']).ambiguous == {'a': ['a.jpg', 'a.png']}
    assert images.find(['IMG']).unknown == ['IMG']
    assert images.find(['a.jpg', 'a.jpg']).twice == ['a.jpg']


def test_lists_of_the_literature():
    # Leading folders that a flat dataset lacks, and the annotation's name.
    images = ImageNames(['x1.jpg', 'x2.jpg'])
    assert images.find(['images/training/x2.jpg annotations/x2.png',
                        'x1.jpg\t3']).indices == [1, 0]
    assert images.find(['x1 x2.jpg']).unknown == ['x1 x2.jpg']


def test_lists_of_the_literature_with_more_folders():
    images = ImageNames(['x.png', 'a/x.png', 'b/x.png', 's/b/y.png'])
    assert images.find(['leftImg8bit/train/b/x.png gtFine/train/b/x_ids.png',
                        'train/a/x', 'all/s/b/y.png']).indices == [2, 1, 3]
    # An image without a folder is not that of some folder, nor is another's.
    assert images.find(['train/x.png', 'c/x.png', 't/b/y.png']).unknown == [
        'train/x.png', 'c/x.png', 't/b/y.png']


def test_folders_above_the_images():
    images = ImageNames(['a.jpg', 'a.jpg'],
                        ['/data/one/a.jpg', '/data/two/a.jpg'])
    assert images.find(['two/a.jpg']).indices == [1]
    assert images.find(['/data/one/a.jpg']).indices == [0]
    assert list(images.find(['a.jpg']).ambiguous) == ['a.jpg']


def test_hints():
    assert ImageNames(['s1/a.jpg']).hint('a.png') == \
        "'a.png' (there is 's1/a.jpg')"
    assert ImageNames(['s1/a.jpg']).hint('b') == "'b'"


def test_results_of_images():
    assert result_names(['a.jpg', 'a.PNG', 's/a.jpg', 'b.c.tif']) == [
        'a.jpg', 'a.PNG', 's/a', 'b.c']


def test_parts_of_names():
    assert without_suffix('s.x/a.JPG') == 's.x/a'
    assert without_suffix('frame.0001') == 'frame.0001'
    assert without_suffix('.jpg') == '.jpg'
    assert relative_name('/d/images/s/a.jpg', '/d/images/') == 's/a.jpg'
    assert relative_name('/else/a.jpg', '/d/images') == 'a.jpg'
